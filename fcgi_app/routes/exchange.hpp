// One request that waits for its answer, as a route sees it. Thread of the event loop only.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace walls {
class parked;
}

namespace routes {

class exchange {
public:
    // Destroyed without an answer, the request is ended with an empty one: the peer must not wait
    // for ever.
    virtual ~exchange() = default;

    // Sends the whole answer: CGI head and body (http::to_cgi). Once. From a fiber: waits while the
    // peer reads too slowly, which stops neither other fibers nor other connections. Nothing
    // happens if the peer is gone.
    virtual void answer(std::string_view cgi) = 0;

    // The same in parts that stay where they are: for what is larger than in_one. Sent piece by
    // piece as the peer takes it, in turn with the other large answers (fibers::step_gate), so that
    // it needs no room for a copy. Uses up the views. Returns when the last piece is queued, or the
    // peer is gone.
    virtual void answer(std::span<std::string_view> cgi) = 0;
    // Bytes up to which an answer is built and sent as one.
    static constexpr std::size_t in_one = std::size_t{128} * 1024;

    // So much waits for the peer that an answer would have to wait, too. Who can, builds it after
    // wait_until_it_reads(), so that it is not in memory meanwhile.
    virtual bool full() const = 0;
    virtual void wait_until_it_reads() = 0;

    virtual bool gone() const = 0; // the peer left or aborted this request
    // A parked poll to wake with woken::gone as soon as that happens; null: none any more.
    virtual void wake_when_gone(walls::parked* poll) = 0;
};

using exchange_ptr = std::unique_ptr<exchange>;

} // namespace routes
