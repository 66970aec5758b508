// bench_audience: a part of a very large audience behind nginx, for bench/hundred_thousand. It
// lives by itself, and answers each line on standard input with a line of JSON:
//   start RATE   they begin to connect, so many a second
//   look         what was heard since the last "take"
//   take         the same with the times it took, and what is counted begins anew
// It ends with its input.
#include "bench/descriptors.hpp"
#include "bench/listeners.hpp"

#include <boost/json.hpp>
#include <boost/program_options.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace {

namespace json = boost::json;
using namespace bench;
using namespace std::chrono_literals;

constexpr std::size_t most_times = 1000;

// A listener a line: its session and the walls that it reads.
std::vector<listener> listeners_of(const std::string& path)
{
    std::ifstream in(path);
    std::vector<listener> out;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        listener l;
        words >> l.session;
        for (std::size_t wall = 0; words >> wall;) {
            l.cursors.push_back({wall, 0});
        }
        if (l.cursors.empty()) {
            throw std::runtime_error(path + ": not a session and its walls: " + line);
        }
        out.push_back(std::move(l));
    }
    return out;
}

// Of very many some that stand for all, evenly, the longest among them.
json::array some_of(std::vector<double> ms)
{
    std::sort(ms.begin(), ms.end());
    json::array out;
    const std::size_t count = std::min(ms.size(), most_times);
    for (std::size_t i = 1; i <= count; ++i) {
        out.emplace_back(ms[i * ms.size() / count - 1]);
    }
    return out;
}

json::object to_json(const heard& h, std::size_t asking)
{
    json::object events;
    for (const auto& [what, times] : h.events) {
        events[what] = times;
    }
    return {{"entries", h.entries}, {"doubled", h.doubled}, {"skipped", h.skipped},
            {"resets", h.resets},   {"asking", asking},     {"events", std::move(events)}};
}

json::object obey(listeners& all, const std::string& line)
{
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "start") {
        double a_second = 0;
        words >> a_second;
        all.start(a_second);
        return {};
    }
    if (what == "look") {
        return to_json(all.heard_so_far(), all.asking());
    }
    if (what == "take") {
        heard h = all.take();
        json::object out = to_json(h, all.asking());
        out["some_ms"] = some_of(std::move(h.ms));
        return out;
    }
    throw std::invalid_argument("unknown command: " + line);
}

// Until the input ends.
void live(listeners& all)
{
    all.watch(STDIN_FILENO);
    std::string input;
    std::array<char, 4096> bytes{};
    for (;;) {
        if (!all.turn(1s)) {
            continue;
        }
        const ssize_t n = read(STDIN_FILENO, bytes.data(), bytes.size());
        if (n <= 0) {
            return;
        }
        input.append(bytes.data(), static_cast<std::size_t>(n));
        for (auto end = input.find('\n'); end != std::string::npos; end = input.find('\n')) {
            std::cout << json::serialize(obey(all, input.substr(0, end))) << std::endl;
            input.erase(0, end + 1);
        }
    }
}

} // namespace

int main(int count, char** words)
{
    namespace po = boost::program_options;
    std::string server;
    std::string file;
    audience a;
    long patience = 80;
    po::options_description options("bench_audience");
    options.add_options()                                                               //
        ("server", po::value(&server)->required(), "HOST:PORT of nginx")                //
        ("listeners", po::value(&file)->required(), "file, a line each: session walls") //
        ("streams", po::bool_switch(&a.streams), "they hold streams, not polls")        //
        ("patience", po::value(&patience)->default_value(80), "seconds to wait for an answer");
    try {
        po::variables_map values;
        po::store(po::parse_command_line(count, words, options), values);
        po::notify(values);
        open_as_many_descriptors_as_allowed();
        a.server = tcp_address(server);
        a.patience = std::chrono::seconds(patience);
        a.listeners = listeners_of(file);
        listeners all(std::move(a));
        live(all);
    } catch (const std::exception& e) {
        std::cerr << "bench_audience: " << e.what() << '\n';
        return 1;
    }
    return 0;
}
