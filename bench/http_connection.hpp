// One keep-alive HTTP/1.1 connection that asks one thing at a time, for load: no parsing beyond
// status and length, or chunks of an event stream; no allocation a call once its buffers are warm.
// Plain epoll. One thread.
#pragma once

#include "bench/chunked_body.hpp"

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

sockaddr_in tcp_address(const std::string& host_and_port); // "127.0.0.1:8080"; throws

class http_connection {
public:
    // `streams`: an answer of the type text/event-stream goes on, and body() is what has come since
    // the last event. It may also be the last of it: answered if the stream has ended, broken if it
    // was cut off.
    enum class outcome : std::uint8_t { waiting, streams, answered, broken };

    http_connection() = default;
    ~http_connection() { close(); }
    http_connection(const http_connection&) = delete;
    http_connection& operator=(const http_connection&) = delete;

    // Sends `request` (which the caller keeps alive until the answer), connecting first if
    // necessary. `tag` comes back in epoll_event::data.u64. False: no connection is possible.
    bool ask(int epoll, const sockaddr_in& server, std::string_view request, std::uint64_t tag);
    // To be called for each event of epoll. `broken`: refused, closed or reset before the answer.
    outcome on_event(std::uint32_t events);
    void close();

    bool connected() const { return fd_ >= 0; }
    int status() const { return status_; }
    bool is_stream() const { return is_stream_; }
    bool silent() const { return in_.empty(); } // not a byte of the answer has come
    std::string_view body() const
    {
        return is_stream_ ? std::string_view(stream_)
                          : std::string_view(in_.data() + head_, in_.size() - head_);
    }
    int retry_after() const;                         // seconds; 0: not told
    std::string header(std::string_view name) const; // as nginx writes it; empty: none

private:
    bool send_rest();
    void receive(std::uint32_t events);
    void read_head();
    outcome decode();

    int fd_ = -1;
    bool asked_ = false;
    bool is_stream_ = false;
    bool is_chunked_ = false;
    int status_ = 0;
    std::size_t head_ = 0;
    std::size_t length_ = 0;
    std::string_view out_; // not sent yet
    std::string in_;
    std::string stream_; // decoded
    chunked_body chunks_;
};

} // namespace bench
