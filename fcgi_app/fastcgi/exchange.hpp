// One request that waits for its answer: begin(), write() as often as there is something, end().
// Abstract, so that a handler can be tested without a socket. Thread of the event loop only.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace fastcgi {

class disconnect_listener {
public:
    // The peer left, or aborted the request. Called once, from a callback of the reactor: it may
    // wake a fiber but must not wait, and must not destroy the exchange.
    virtual void on_disconnect() = 0;

protected:
    ~disconnect_listener() = default;
};

class exchange {
public:
    // Not ended, the request is ended here: the peer must not wait for ever.
    virtual ~exchange() = default;

    // begin(), write() and end() are called from fibers. They copy what they are given, and do
    // nothing when the connection is gone. begin() and write() wait while the peer has more than
    // max_queued_bytes to take, or the budget is exceeded, which stops neither other fibers nor
    // other connections.

    // The head of the answer: CGI headers and the empty line after them (RFC 3875, section 6).
    // Once.
    virtual void begin(std::string_view head) = 0;
    // Part of the body. What is begun or written leaves when the fibers that are ready now have
    // run, with all else that they write to the same peer. The first write after begin() does not
    // wait once more.
    virtual void write(std::string_view bytes) = 0;
    // The same for what is larger than in_one: the parts stay where they are and are sent in pieces
    // of 64 KB as the peer takes them, in turn with the other large writes. Uses up the views.
    // Returns when the last piece is queued or the connection is gone.
    virtual void write(std::span<std::string_view> parts) = 0;
    // Bytes up to which copying is cheaper than taking turns.
    static constexpr std::size_t in_one = std::size_t{128} * 1024;
    // What was written is complete for now, as an event of a stream is: if this is the only request
    // in flight on its connection, it leaves at once. Does not wait.
    virtual void flush() = 0;
    // The answer is complete; nothing of it is written after this. If it was the only request in
    // flight on its connection, it leaves at once, in one piece with what was written in this turn.
    virtual void end() = 0;

    // begin() and write() would wait now. A fiber that builds something large to write calls
    // wait_until_it_reads() before, so that it is not in memory meanwhile.
    virtual bool full() const = 0;
    virtual void wait_until_it_reads() = 0;

    virtual bool gone() const = 0; // the peer left, or aborted the request
    // Told as soon as that happens; at once, from inside this call, if it has happened. Null: no
    // longer. `listener` must live until then, or until the exchange is destroyed.
    virtual void on_disconnect(disconnect_listener* listener) = 0;
};

// Calls `f` on the disconnect of `peer`, as long as it lives: on the stack of the fiber that waits.
//
//     fibers::sleeper place;
//     const fastcgi::disconnect_callback left(*peer, [&] { place.wake(); });
//     place.sleep();
template <class F>
class disconnect_callback final : public disconnect_listener {
public:
    disconnect_callback(exchange& peer, F f)
        : peer_(peer)
        , f_(std::move(f))
    {
        peer_.on_disconnect(this);
    }
    ~disconnect_callback() { peer_.on_disconnect(nullptr); }
    disconnect_callback(const disconnect_callback&) = delete;
    disconnect_callback& operator=(const disconnect_callback&) = delete;

    void on_disconnect() override { f_(); }

private:
    exchange& peer_;
    F f_;
};

} // namespace fastcgi
