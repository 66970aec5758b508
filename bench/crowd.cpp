// bench_crowd: readers and writers behind nginx, told what to do line by line on standard input,
// one line of JSON for each (bench/run, bench/scale and bench/nginx_15k do that):
//   start                             all readers connect and poll at once
//   post WALL [SECONDS]               one post, until its readers have it or the time is over
//   burst [SECONDS]                   the same with one post on every wall, at the same moment
//   steady RATE SECONDS [LONGEST]     posts per second, spread over the walls, until all arrived
//   rest SECONDS                      readers go on with their lives
// Between commands nothing is read or sent: time must not pass there with a poll that may be
// answered.
#include "bench/descriptors.hpp"
#include "bench/readers.hpp"

#include <boost/json.hpp>
#include <boost/program_options.hpp>

#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace {

namespace json = boost::json;
using namespace bench;
using std::chrono::steady_clock;

std::vector<sockaddr_in> addresses(const std::string& list)
{
    std::vector<sockaddr_in> out;
    std::istringstream words(list);
    for (std::string word; std::getline(words, word, ',');) {
        out.push_back(tcp_address(word));
    }
    return out;
}

json::object to_json(const tally& t)
{
    return {{"posted", t.posted},
            {"expected", t.expected},
            {"received", t.received},
            {"missing", t.missing},
            {"doubled", t.doubled},
            {"gaps", t.gaps},
            {"reordered", t.reordered},
            {"posted_twice", t.posted_twice},
            {"latency_ms", to_json(t.latency)},
            {"acknowledged_ms", to_json(t.acknowledged)}};
}

json::object obey(readers& all, std::istream& words)
{
    std::string what;
    words >> what;
    if (what == "start") {
        return {{"seconds", all.start()}};
    }
    if (what == "post") {
        std::size_t wall = 1;
        long seconds = 60;
        words >> wall >> seconds;
        return to_json(all.post_one(wall, std::chrono::seconds(seconds)));
    }
    if (what == "burst") {
        long seconds = 60;
        words >> seconds;
        return to_json(all.post_all(std::chrono::seconds(seconds)));
    }
    if (what == "steady") {
        double rate = 1;
        double seconds = 1;
        long longest = 120;
        words >> rate >> seconds >> longest;
        return to_json(all.post(rate, std::chrono::milliseconds(static_cast<long>(seconds * 1000)),
                                std::chrono::seconds(longest)));
    }
    if (what == "rest") {
        double seconds = 1;
        words >> seconds;
        const auto end =
            steady_clock::now() + std::chrono::milliseconds(static_cast<long>(seconds * 1000));
        while (steady_clock::now() < end) {
            all.turn(std::chrono::milliseconds(50));
        }
        return {};
    }
    throw std::invalid_argument("unknown command: " + what);
}

} // namespace

int main(int count, char** words)
{
    namespace po = boost::program_options;
    std::string read_at;
    std::string post_at;
    std::string sessions;
    crowd c;
    long patience = 80;
    po::options_description options("bench_crowd");
    options.add_options()                                                                      //
        ("read-at", po::value(&read_at)->required(), "HOST:PORT[,HOST:PORT…] of nginx")        //
        ("post-at", po::value(&post_at), "the same for posts; else as read-at")                //
        ("sessions", po::value(&sessions)->required(), "file with a session a line")           //
        ("readers", po::value(&c.readers)->required(), "")                                     //
        ("walls", po::value(&c.walls)->default_value(1), "reader i reads wall 1 + i mod this") //
        ("streams", po::bool_switch(&c.streams), "readers hold event streams, not polls")      //
        ("nchan", po::bool_switch(&c.nchan), "speak nchan's protocol")                         //
        ("patience", po::value(&patience)->default_value(80), "seconds to wait for an answer");
    try {
        po::variables_map values;
        po::store(po::parse_command_line(count, words, options), values);
        po::notify(values);
        open_as_many_descriptors_as_allowed();
        c.read_at = addresses(read_at);
        c.post_at = addresses(post_at.empty() ? read_at : post_at);
        c.patience = std::chrono::seconds(patience);
        std::ifstream in(sessions);
        for (std::string line; std::getline(in, line);) {
            c.sessions.push_back(line);
        }
        readers all(std::move(c));
        for (std::string line; std::getline(std::cin, line);) {
            std::istringstream command(line);
            json::object answer = obey(all, command);
            json::object events;
            for (const auto& [what, times] : all.events()) {
                events[what] = times;
            }
            answer["events"] = std::move(events);
            std::cout << json::serialize(answer) << std::endl;
        }
    } catch (const std::exception& e) {
        std::cerr << "bench_crowd: " << e.what() << '\n';
        return 1;
    }
    return 0;
}
