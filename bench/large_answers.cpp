// Many clients that read a lot: polls from the beginning until nothing is left, or pages of
// history. Meanwhile one client pings, directly and through nginx. Prints one line of JSON: how
// much arrived, how large answers were, whether every entry came once and in order, and how long
// the pings took.
#include "bench/fcgi_client.hpp"
#include "bench/http_connection.hpp"
#include "bench/percentiles.hpp"
#include "text/number.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/program_options.hpp>

#include <sys/epoll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace {

using bench::answer;
using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds ping_every{20};

struct options {
    std::string socket;
    std::string http; // HOST:PORT
    std::string sessions;
    std::string what; // "poll" or "history"
    std::size_t walls = 0;
    std::size_t clients = 0;
    std::size_t posts = 0; // on each wall
};

std::vector<double> ping_straight(const std::string& socket, const std::atomic<bool>& over)
{
    std::vector<double> ms;
    bool came = false;
    bench::fcgi_client client([&](const answer& a) { came = a.status() == 200; });
    client.connect(socket);
    const auto params = bench::encode_request("GET", "/");
    for (auto next = clock_type::now(); !over; next += ping_every) {
        std::this_thread::sleep_until(next);
        const auto began = clock_type::now();
        came = false;
        client.begin(0, params, {});
        while (!came) {
            client.run(milliseconds(100));
        }
        ms.push_back(std::chrono::duration<double, std::milli>(clock_type::now() - began).count());
        next = std::max(next, clock_type::now() - ping_every);
    }
    return ms;
}

std::vector<double> ping_through_nginx(const std::string& http, const std::atomic<bool>& over)
{
    std::vector<double> ms;
    const auto server = bench::tcp_address(http);
    const std::string request = "GET /api/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    bench::http_connection connection;
    for (auto next = clock_type::now(); !over; next += ping_every) {
        std::this_thread::sleep_until(next);
        const auto began = clock_type::now();
        if (!connection.ask(epoll, server, request, 0)) {
            throw std::runtime_error("nginx is not there");
        }
        for (auto outcome = bench::http_connection::outcome::waiting;
             outcome == bench::http_connection::outcome::waiting;) {
            epoll_event event{};
            if (epoll_wait(epoll, &event, 1, 100) == 1) {
                outcome = connection.on_event(event.events);
            }
        }
        if (connection.status() == 200) {
            ms.push_back(
                std::chrono::duration<double, std::milli>(clock_type::now() - began).count());
        }
        next = std::max(next, clock_type::now() - ping_every);
    }
    return ms;
}

std::int64_t number_at(std::string_view text, std::size_t at)
{
    return text::parse_number<std::int64_t>(text::leading_digits(text.substr(at)), 0, INT64_MAX)
        .value_or(0);
}

// No text holds what is looked for here, so that JSON need not be parsed: the client must not be
// what is measured.
constexpr std::string_view entry = "{\"id\":";

struct reader {
    std::vector<std::int64_t> last; // by wall - 1
    std::int64_t before = 0;        // history
    std::size_t wall = 0;
    bool done = false;

    std::string body(const std::string& session) const
    {
        std::string out = R"({"session_id":")" + session + R"(","last_post_id":{)";
        for (std::size_t i = 0; i < last.size(); ++i) {
            out +=
                (i == 0 ? "\"" : ",\"") + std::to_string(i + 1) + "\":" + std::to_string(last[i]);
        }
        return out + "}}";
    }

    // Entries that came.
    std::size_t take_news(std::string_view body, std::int64_t posts)
    {
        constexpr std::string_view news = R"(":{"posts":[)";
        std::size_t entries = 0;
        for (auto at = body.find(news); at != std::string_view::npos;) {
            const auto name = body.rfind('"', at - 1) + 1;
            auto& seen = last.at(static_cast<std::size_t>(number_at(body, name)) - 1);
            const auto next = body.find(news, at + news.size());
            const auto part = body.substr(at, next == std::string_view::npos ? next : next - at);
            for (auto e = part.find(entry); e != std::string_view::npos;
                 e = part.find(entry, e + entry.size())) {
                if (number_at(part, e + entry.size()) != ++seen) {
                    throw std::runtime_error("an entry is missing, doubled or out of order");
                }
                ++entries;
            }
            at = next;
        }
        done = std::all_of(last.begin(), last.end(), [posts](auto n) { return n == posts; });
        return entries;
    }

    std::size_t take_history(std::string_view body)
    {
        std::size_t entries = 0;
        for (auto e = body.find(entry); e != std::string_view::npos;
             e = body.find(entry, e + entry.size())) {
            ++entries;
        }
        constexpr std::string_view more = R"(,"before":)";
        const auto tail = body.substr(body.size() - std::min<std::size_t>(body.size(), 100));
        const auto at = tail.rfind(more);
        before = at == std::string_view::npos ? 0 : number_at(tail, at + more.size());
        done = before == 0;
        return entries;
    }
};

boost::json::object read_all(const options& o, const std::vector<std::string>& sessions)
{
    std::vector<reader> readers(o.clients);
    std::size_t done = 0;
    std::size_t bytes = 0;
    std::size_t answers = 0;
    std::size_t entries = 0;
    std::size_t largest = 0;
    std::vector<double> waits;
    std::vector<clock_type::time_point> asked(o.clients);
    bench::fcgi_client* client = nullptr;
    const auto session_of = [&](std::size_t n) { return sessions.at(n % sessions.size()); };
    const auto ask = [&](std::size_t n) {
        asked[n] = clock_type::now();
        if (o.what == "poll") {
            const auto body = readers[n].body(session_of(n));
            client->begin(n, bench::encode_request("POST", "/", body.size()), body, n);
        } else {
            const auto before = readers[n].before;
            client->begin(
                n,
                bench::encode_request(
                    "GET", "/walls/1/posts", 0,
                    {{"QUERY_STRING",
                      "limit=200" + (before == 0 ? "" : "&before=" + std::to_string(before))},
                     {"HTTP_AUTHORIZATION", "Bearer " + session_of(n)}}),
                {}, n);
        }
    };
    bench::fcgi_client all([&](const answer& a) {
        if (a.status() != 200) {
            throw std::runtime_error("answered " + std::to_string(a.status()));
        }
        auto& r = readers[a.tag];
        waits.push_back(
            std::chrono::duration<double, std::milli>(clock_type::now() - asked[a.tag]).count());
        ++answers;
        bytes += a.body().size();
        largest = std::max(largest, a.body().size());
        entries += o.what == "poll" ? r.take_news(a.body(), static_cast<std::int64_t>(o.posts))
                                    : r.take_history(a.body());
        if (r.done) {
            ++done;
        } else {
            ask(a.tag);
        }
    });
    client = &all;
    const auto began = clock_type::now();
    for (std::size_t n = 0; n < o.clients; ++n) {
        readers[n].last.assign(o.walls, 0);
        all.connect(o.socket);
        ask(n);
    }
    while (done < o.clients) {
        all.run(milliseconds(100));
    }
    const std::chrono::duration<double> took = clock_type::now() - began;
    const auto wanted = o.clients * o.posts * (o.what == "poll" ? o.walls : 1);
    if (entries != wanted) {
        throw std::runtime_error(std::to_string(entries) + " entries came of " +
                                 std::to_string(wanted));
    }
    return {{"seconds", took.count()}, {"bytes", bytes},
            {"answers", answers},      {"entries", entries},
            {"largest", largest},      {"answer_ms", to_json(bench::percentiles_of(waits))}};
}

options read_options(int count, char** words)
{
    namespace po = boost::program_options;
    options o;
    po::options_description all;
    all.add_options()("socket", po::value(&o.socket)->required())(
        "http", po::value(&o.http)->required())("sessions", po::value(&o.sessions)->required())(
        "what", po::value(&o.what)->required())("walls", po::value(&o.walls)->required())(
        "clients", po::value(&o.clients)->required())("posts", po::value(&o.posts)->required());
    po::variables_map map;
    po::store(po::parse_command_line(count, words, all), map);
    po::notify(map);
    return o;
}

} // namespace

int main(int count, char** words)
try {
    const options o = read_options(count, words);
    std::vector<std::string> sessions;
    std::ifstream in(o.sessions);
    for (std::string line; std::getline(in, line);) {
        sessions.push_back(line);
    }
    std::atomic<bool> over = false;
    std::vector<double> straight;
    std::vector<double> through;
    std::thread one([&] { straight = ping_straight(o.socket, over); });
    std::thread other([&] { through = ping_through_nginx(o.http, over); });
    boost::json::object result;
    std::exception_ptr failed;
    try {
        result = read_all(o, sessions);
    } catch (...) {
        failed = std::current_exception();
    }
    over = true;
    one.join();
    other.join();
    if (failed) {
        std::rethrow_exception(failed);
    }
    result["pings"] = straight.size() + through.size();
    result["ping_ms"] = to_json(bench::percentiles_of(straight));
    result["nginx_ping_ms"] = to_json(bench::percentiles_of(through));
    std::printf("%s\n", boost::json::serialize(result).c_str());
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "bench_large_answers: %s\n", e.what());
    return 1;
}
