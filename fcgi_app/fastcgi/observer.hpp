// What happens in a server, to be logged and counted. Called in the thread of the event loop,
// some of it from callbacks of the reactor: nothing here may wait. By default nothing is done.
#pragma once

#include "fcgi_app/fastcgi/request.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fastcgi {

// The limit because of which a request is told FCGI_OVERLOADED.
enum class overload : std::uint8_t { max_connections, max_requests_per_connection };

// Why a connection is closed by us.
enum class slow_peer : std::uint8_t {
    stopped_in_a_record, // receive_timeout is over, and there is no request to answer
    does_not_read,       // has taken nothing for send_timeout
    holds_up_others,     // has taken no answer whole for send_timeout, and others wait for the
                         // budget that it holds
};

class observer {
public:
    virtual ~observer() = default;

    virtual void connection_opened() {} // also one that is refused
    virtual void connection_closed() {} // one that was opened
    // Beyond max_connections, of which `open` are there. It is opened only to hear FCGI_OVERLOADED,
    // or, when there are many such already, closed at once.
    virtual void connection_refused(std::size_t /*open*/) {}
    virtual void connection_broken(std::string_view /*reason*/) {} // against the protocol; closed
    virtual void connection_too_slow(slow_peer /*why*/) {}         // closed
    // errno of accept4() (those who wait stay in the backlog) and of epoll (it is closed).
    virtual void accept_failed(int /*error*/) {}
    virtual void watch_failed(int /*error*/) {}

    // Before the handler is called, whether or not it can do anything with it.
    virtual void request_received(const request& /*r*/) {}
    // One of which the handler never hears. `in_flight`: requests on its connection.
    virtual void request_overloaded(overload /*by*/, std::size_t /*in_flight*/,
                                    bool /*first_of_its_connection*/)
    {
    }
    // Whoever writes an answer begins to wait, because its peer has not taken max_queued_bytes.
    virtual void writer_waits() {}
    virtual void handler_threw(std::uint64_t /*number*/, std::string_view /*what*/) {}

    // stop() has reached its deadline and closes so many connections that are not done.
    virtual void stop_cut_off(std::size_t /*connections*/) {}
};

} // namespace fastcgi
