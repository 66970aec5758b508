// A FastCGI client that does exactly what a test wants, on a unix socket of its own.
#pragma once

#include "tests/fcgi_app/fastcgi/conversation.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

namespace e2e {

class fcgi_peer {
public:
    explicit fcgi_peer(const std::filesystem::path& socket);
    ~fcgi_peer();
    fcgi_peer(const fcgi_peer&) = delete;
    fcgi_peer& operator=(const fcgi_peer&) = delete;

    void send(const std::string& bytes);
    void send(const fastcgi_test::conversation& c) { send(c.bytes()); }
    // Sends what the socket takes without waiting; how much that was.
    std::size_t try_to_send(const std::string& bytes);

    // STDOUT of that request up to its END_REQUEST. Throws std::runtime_error if that does not
    // come.
    std::string answer_of(fastcgi::request_id id);
    // The protocol status of an END_REQUEST that came: FCGI_OVERLOADED and so on.
    int end_status_of(fastcgi::request_id id)
    {
        answer_of(id);
        return ended_.at(id);
    }
    // What has come of it; reads what there is without waiting long.
    std::string so_far(fastcgi::request_id id);
    bool ended(fastcgi::request_id id) const { return ended_.contains(id); }
    // Reads until the server closes; false if it does not.
    bool closed_by_server();

private:
    bool read_some(std::chrono::milliseconds limit); // false: closed, or nothing in time

    int fd_;
    bool closed_ = false;
    std::string unread_;
    std::map<fastcgi::request_id, std::string> answers_;
    std::map<fastcgi::request_id, int> ended_; // by protocol status
};

// The parameters of a call at the mount "/api", as nginx gives them.
fastcgi_test::pairs parameters(const std::string& method, const std::string& path,
                               const std::string& body = {},
                               const std::string& content_type = "application/json");

} // namespace e2e
