// A FastCGI client that, unlike nginx, keeps any number of requests in flight on each connection.
// Plain epoll, so that it measures the server and not our own scheduler. For load and for tests.
// One thread.
#pragma once

#include "fcgi_app/fastcgi/record.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

using cgi_variables = std::vector<std::pair<std::string, std::string>>;

// The PARAMS of a request as nginx sends them (fastcgi_params), encoded.
std::string encode_request(const std::string& method, const std::string& path,
                           std::size_t body_bytes = 0, const cgi_variables& more = {});

struct answer {
    std::size_t connection{};
    fastcgi::request_id id{};
    std::uint64_t tag{};             // what begin() was given
    std::string_view out;            // all of STDOUT: CGI header, empty line, body
    unsigned char protocol_status{}; // FCGI_REQUEST_COMPLETE, FCGI_OVERLOADED …
    std::uint32_t app_status{};

    std::string_view body() const; // `out` behind its header
    int status() const;            // of the CGI header; 0: an answer without one, as to an abort
};

class fcgi_client {
public:
    // `on_answer` may begin and abort requests, but not run().
    explicit fcgi_client(std::function<void(const answer&)> on_answer);
    ~fcgi_client();
    fcgi_client(const fcgi_client&) = delete;
    fcgi_client& operator=(const fcgi_client&) = delete;

    // Called when the peer has closed a connection, with the number of requests that it left
    // unanswered. Without this callback, run() throws instead.
    std::function<void(std::size_t connection, std::size_t unanswered)> on_closed;

    // Returns the connection's number: 0, 1, 2 … Throws std::system_error.
    std::size_t connect(const std::string& unix_socket);

    // Sends a request, FCGI_KEEP_CONN set, when run() finds room for it. Takes the lowest free id
    // of the connection; throws if all 65,535 are in flight. `params`: encoded.
    fastcgi::request_id begin(std::size_t connection, std::string_view params,
                              std::string_view body, std::uint64_t tag = 0);
    // The request ends when its answer comes, like any other.
    void abort(std::size_t connection, fastcgi::request_id id);
    void send_raw(std::size_t connection, std::string_view bytes); // tests of broken records
    void close(std::size_t connection); // what is in flight on it is forgotten

    // One turn: waits for the sockets until something comes or `longest` has passed, then reads,
    // calls back and writes.
    void run(std::chrono::milliseconds longest);

    std::size_t in_flight() const { return in_flight_; }
    std::size_t in_flight(std::size_t connection) const;
    std::vector<fastcgi::request_id> ids_in_flight(std::size_t connection) const;
    std::size_t unsent_bytes() const { return unsent_; }
    std::size_t connections() const { return connections_.size(); }

private:
    struct open_connection;

    void read(std::size_t number);
    void take_part(std::size_t number, fastcgi::record_reader::part part);
    void write(std::size_t number);
    void drop(std::size_t number);
    open_connection& at(std::size_t number) const;

    std::function<void(const answer&)> on_answer_;
    int epoll_;
    std::vector<std::unique_ptr<open_connection>> connections_; // by number; null: closed
    std::vector<std::size_t> to_write_;
    std::size_t in_flight_ = 0;
    std::size_t unsent_ = 0;
    std::vector<char> buffer_;
};

} // namespace bench
