#include "fcgi_app/server_observer.hpp"

#include "fcgi_app/http/trace.hpp"

#include <spdlog/spdlog.h>

#include <cstring>

namespace pollster {

namespace {

// Its params may have been dropped: then it has a number alone.
std::string name_of(const fastcgi::request& r)
{
    const auto also = http::trace::from(r.param("REQUEST_ID"), r.param("HTTP_TRACEPARENT"));
    return http::request_name{r.number, also}.text();
}

} // namespace

void server_observer::connection_opened()
{
    metrics_.connections.Increment();
    metrics_.connected_gauge.Increment();
}

void server_observer::connection_closed()
{
    metrics_.connected_gauge.Decrement();
}

void server_observer::connection_refused(std::size_t open)
{
    metrics_.refused_connections.Increment();
    spdlog::warn("connection refused: {} are open (max_connections)", open);
}

void server_observer::connection_broken(std::string_view reason)
{
    metrics_.broken_connections.Increment();
    spdlog::warn("connection dropped: the peer broke the FastCGI protocol: {}", reason);
}

void server_observer::connection_too_slow(fastcgi::slow_peer why)
{
    switch (why) {
    case fastcgi::slow_peer::stopped_in_a_record:
        metrics_.too_slow_requests.Increment();
        spdlog::warn("connection dropped: the peer stopped in the middle of a record "
                     "(receive_timeout_seconds)");
        break;
    case fastcgi::slow_peer::does_not_read:
        metrics_.too_slow_readers.Increment();
        spdlog::warn("connection dropped: the peer has not read for {} s (send_timeout_seconds)",
                     allowed_.send_timeout.count());
        break;
    case fastcgi::slow_peer::holds_up_others:
        metrics_.too_slow_readers.Increment();
        spdlog::warn("connection dropped: the peer has taken none of its answers whole for {} s "
                     "(send_timeout_seconds), and others wait for room (max_answer_bytes)",
                     allowed_.send_timeout.count());
        break;
    }
}

void server_observer::accept_failed(int error)
{
    spdlog::error("cannot accept: {}", std::strerror(error));
}

void server_observer::watch_failed(int error)
{
    spdlog::error("cannot watch a connection: {}", std::strerror(error));
}

void server_observer::request_received(const fastcgi::request& r)
{
    metrics_.requests.Increment();
    switch (r.error) {
    case fastcgi::request_error::none:
    case fastcgi::request_error::malformed_params:
        break;
    case fastcgi::request_error::params_too_large:
        metrics_.too_large_params.Increment();
        spdlog::warn("request {}: params (max_params_bytes) beyond the limit, refused", name_of(r));
        break;
    case fastcgi::request_error::body_too_large:
        metrics_.too_large_bodies.Increment();
        spdlog::warn("request {}: body (max_body_bytes) beyond the limit, refused", name_of(r));
        break;
    case fastcgi::request_error::too_slow:
        metrics_.too_slow_requests.Increment();
        spdlog::warn("request {}: silent for receive_timeout_seconds, refused", name_of(r));
        break;
    }
}

// Those on a connection beyond max_connections are told of by connection_refused().
void server_observer::request_overloaded(fastcgi::overload by, std::size_t in_flight,
                                         bool first_of_its_connection)
{
    if (by == fastcgi::overload::max_connections) {
        return;
    }
    metrics_.overloaded_requests.Increment();
    if (first_of_its_connection) { // one line, however many it tries
        spdlog::warn("requests refused with FCGI_OVERLOADED: {} in flight on one connection "
                     "(max_requests_per_connection)",
                     in_flight);
    }
}

// No line: a slow reader is nothing that an operator has to see.
void server_observer::writer_waits()
{
    metrics_.queue_waits.Increment();
}

void server_observer::handler_threw(std::uint64_t number, std::string_view what)
{
    metrics_.failures.Increment();
    spdlog::error("request {} failed: {}", number, what);
}

void server_observer::stop_cut_off(std::size_t connections)
{
    spdlog::warn("stopping with {} connections that were not done", connections);
}

} // namespace pollster
