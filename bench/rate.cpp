// bench_rate: how many requests per second a server behind nginx answers. Each connection repeats
// its request as soon as it has the answer; each answer must be a 200 with the length of the first
// one. One line of JSON. One thread.
#include "bench/http_connection.hpp"
#include "bench/percentiles.hpp"

#include <boost/json.hpp>
#include <boost/program_options.hpp>

#include <sys/epoll.h>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <vector>

namespace {

using namespace bench;
using steady_clock = std::chrono::steady_clock;

struct asker {
    http_connection connection;
    steady_clock::time_point asked;
};

class askers {
public:
    askers(sockaddr_in server, std::string request, std::size_t connections)
        : server_(server)
        , request_(std::move(request))
        , askers_(connections)
        , epoll_(epoll_create1(EPOLL_CLOEXEC))
    {
        for (std::size_t i = 0; i < askers_.size(); ++i) {
            ask(i);
        }
    }

    std::vector<double> run(std::chrono::duration<double> time)
    {
        std::vector<double> times;
        std::vector<epoll_event> events(1024);
        const auto end = steady_clock::now() + time;
        while (steady_clock::now() < end) {
            const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 50);
            for (int i = 0; i < n; ++i) {
                const auto& e = events[static_cast<std::size_t>(i)];
                const auto outcome = askers_[e.data.u64].connection.on_event(e.events);
                if (outcome == http_connection::outcome::broken) {
                    throw std::runtime_error("a connection broke");
                }
                if (outcome == http_connection::outcome::answered) {
                    times.push_back(std::chrono::duration<double, std::milli>(
                                        steady_clock::now() - askers_[e.data.u64].asked)
                                        .count());
                    check(askers_[e.data.u64].connection);
                    ask(e.data.u64);
                }
            }
        }
        return times;
    }

    std::size_t length() const { return length_; }

private:
    void ask(std::size_t i)
    {
        askers_[i].asked = steady_clock::now();
        if (!askers_[i].connection.ask(epoll_, server_, request_, i)) {
            throw std::runtime_error("cannot connect");
        }
    }

    void check(const http_connection& connection)
    {
        if (length_ == 0) {
            length_ = connection.body().size();
        }
        if (connection.status() != 200 || connection.body().size() != length_) {
            throw std::runtime_error("status " + std::to_string(connection.status()) + ", body " +
                                     std::string(connection.body()));
        }
    }

    sockaddr_in server_;
    std::string request_;
    std::vector<asker> askers_;
    int epoll_;
    std::size_t length_ = 0;
};

} // namespace

int main(int count, char** words)
{
    namespace po = boost::program_options;
    std::string at;
    std::string body;
    std::string session;
    std::size_t connections = 64;
    double seconds = 3;
    po::options_description options("bench_rate");
    options.add_options()                                                        //
        ("at", po::value(&at)->required(), "HOST:PORT of nginx")                 //
        ("body", po::value(&body), "POST this as JSON to /api/; without it GET") //
        ("session", po::value(&session), "of the one who asks")                  //
        ("connections", po::value(&connections), "")                             //
        ("seconds", po::value(&seconds), "after half a second that is not counted");
    try {
        po::variables_map values;
        po::store(po::parse_command_line(count, words, options), values);
        po::notify(values);
        std::string request = body.empty() ? "GET /api/ HTTP/1.1\r\nHost: chat.example\r\n"
                                           : "POST /api/ HTTP/1.1\r\nHost: chat.example\r\n";
        if (!session.empty()) {
            request += "Authorization: Bearer " + session + "\r\n";
        }
        if (!body.empty()) {
            request +=
                "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n";
        }
        askers all(tcp_address(at), request + "\r\n" + body, connections);
        all.run(std::chrono::duration<double>(0.5));
        const auto began = steady_clock::now();
        auto times = all.run(std::chrono::duration<double>(seconds));
        const std::chrono::duration<double> took = steady_clock::now() - began;
        const auto answers = times.size();
        std::cout << boost::json::serialize(boost::json::object{
                         {"answers", answers},
                         {"seconds", took.count()},
                         {"a_second", static_cast<double>(answers) / took.count()},
                         {"body_bytes", all.length()},
                         {"latency_ms", to_json(percentiles_of(std::move(times)))}})
                  << '\n';
    } catch (const std::exception& e) {
        std::cerr << "bench_rate: " << e.what() << '\n';
        return 1;
    }
    return 0;
}
