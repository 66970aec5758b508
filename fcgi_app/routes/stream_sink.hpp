// How a stream's events leave (walls/sink.hpp): Server-Sent Events, one for each answer that a poll
// would have got (docs/PROTOCOL.md, "The stream"). It goes on until the client leaves, its time is
// up, or it may see nothing any more; what ends it is its last event. Fibers of the event loop
// only.
#pragma once

#include "fcgi_app/fastcgi/exchange.hpp"
#include "fcgi_app/routes/context.hpp"
#include "walls/sink.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace routes {

class stream_sink {
public:
    // `number` and `trace` name the request. `with_ids`: events carry the cursors, for a client
    // that sends them back as Last-Event-ID.
    stream_sink(context& cx, std::unique_ptr<fastcgi::exchange> peer, std::uint64_t number,
                http::trace trace, bool with_ids, rate_limits::waiting_place place);

    // The head leaves before there is anything to say: a client sees that it is connected.
    void begin(std::string_view cors_lines);

    void write(std::string_view json, const walls::position& now);
    void write(std::span<std::string_view> parts, std::size_t bytes, const walls::position& now);
    static bool goes_on() { return true; }
    bool may_wait() { return place_.take(); }
    fibers::steady_time quiet_until() const { return quiet_until_; }
    void keep_alive();
    void access_changed(std::span<const walls::wall_id> lost,
                        std::span<const walls::wall_id> gained,
                        std::optional<walls::access_number> now);
    void end(const walls::ending& e);
    bool full() const { return peer_->full(); }
    void wait_until_it_reads() { peer_->wait_until_it_reads(); }
    bool gone() const { return peer_->gone(); }
    template <class Callback>
    auto on_disconnect(Callback callback)
    {
        return fastcgi::disconnect_callback<Callback>(*peer_, std::move(callback));
    }

private:
    void send(std::string_view event);
    void append_id(std::string& event, const walls::position& now) const;
    void wrote();

    context* context_;
    std::unique_ptr<fastcgi::exchange> peer_;
    std::uint64_t number_;
    http::trace trace_;
    fibers::steady_time quiet_until_{};
    bool with_ids_;
    rate_limits::waiting_place place_; // kept from its first wait to the end
};

} // namespace routes
