// One request that waits for its answer, as a route sees it. Thread of the event loop only.
#pragma once

#include <memory>
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

    virtual bool gone() const = 0; // the peer left or aborted this request
    // A parked poll to wake with woken::gone as soon as that happens; null: none any more.
    virtual void wake_when_gone(walls::parked* poll) = 0;
};

using exchange_ptr = std::unique_ptr<exchange>;

} // namespace routes
