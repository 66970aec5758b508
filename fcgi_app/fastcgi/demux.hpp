// The server side of one FastCGI connection, sans-IO: bytes of the peer in, requests and answers
// out. Any number of requests at a time, keyed by request id (FastCGI 1.0, section 3). Knows no
// sockets, fibers or clocks, and never fails on what a peer sends: what cannot be understood ends
// the connection through sink::on_broken. One thread at a time.
//
// docs/FASTCGI.md says what is done for each paragraph of the specification and which test shows
// it. Source: https://fastcgi-archives.github.io/FastCGI_Specification.html
#pragma once

#include "fcgi_app/fastcgi/limits.hpp"
#include "fcgi_app/fastcgi/record.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace fastcgi {

// A request whose PARAMS and STDIN have both ended, as it came. The owner answers it and then calls
// demux::finish.
struct raw_request {
    request_id id{};
    bool keep_conn = false; // false: the connection is closed after this request's answer
    std::string params;     // undecoded name-value pairs: read them with decode_params()
    std::string body;

    // The stream that went beyond its limit; what came of it was dropped, so its string above is
    // empty (both are with `params`: nothing can be done with a body whose purpose is unknown).
    // Delivered when STDIN ends like any other request, not when the limit is passed: nginx does
    // not reuse a connection whose answer began before the request was sent.
    enum class excess : std::uint8_t { none, params, body } too_large = excess::none;
    bool too_slow = false; // silent for too long, age() gave it up: params and body are incomplete
};

// What feed() reports, in the order of the peer's bytes. Called only from inside feed(). May call
// finish() of the same demux, but neither feed() nor its destructor.
class sink {
public:
    virtual ~sink() = default;
    virtual void on_request(raw_request&& r) = 0;
    // The peer no longer wants a request that on_request delivered; reported once. The owner ends
    // it with finish() as soon as it can. (A request that is aborted half-received is answered by
    // the demux itself.)
    virtual void on_abort(request_id id) = 0;
    // Bytes to send: answers to management records, END_REQUEST of refused or half-received
    // requests. `close_after`: the answered request came without FCGI_KEEP_CONN, so the connection
    // is closed after this (what else is in flight on it is the owner's to finish or drop).
    virtual void on_reply(std::string_view bytes, bool close_after) = 0;
    // A request was refused with FCGI_OVERLOADED; its answer came by on_reply. For counting.
    virtual void on_overloaded() {}
    // The peer and we no longer agree about the bytes: drop the connection. Nothing is reported
    // afterwards.
    virtual void on_broken(std::string_view reason) = 0;
};

class demux {
public:
    explicit demux(const limits& l); // which outlive it
    explicit demux(limits&&) = delete;
    ~demux();
    demux(const demux&) = delete;
    demux& operator=(const demux&) = delete;

    // Consumes all of `bytes`, cut anywhere. Holds what the limits allow of half-received
    // requests, the content of an unfinished GET_VALUES record (64 KB at most), and two bits for
    // each delivered request.
    void feed(std::span<const char> bytes, sink& out);

    // To be called at a steady interval: delivers every half-received request of which not a byte
    // came in the last `silent_intervals` whole ones, as too_slow, so that it can be answered; the
    // rest of its records is ignored. One that goes on, however slowly, is not touched: what it can
    // hold has a bound, how long it takes has none.
    void age(sink& out);
    static constexpr unsigned silent_intervals = 4;

    // The answer to `id` is complete (its END_REQUEST is queued for sending): records for it are
    // ignored from here on, and the peer may use the id again. Ignored for an id that is not
    // delivered.
    void finish(request_id id);

    std::size_t active() const;        // begun and not finished
    std::size_t half_received() const; // begun, not yet delivered by on_request
    bool idle() const; // nothing half-received, neither record nor request: closing loses nothing

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace fastcgi
