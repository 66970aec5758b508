// How the answer of a poll leaves (walls/sink.hpp): there is one, and it ends with the
// first write. Fibers of the event loop only.
#pragma once

#include "fcgi_app/fastcgi/exchange.hpp"
#include "fcgi_app/routes/context.hpp"
#include "fcgi_app/routes/refused.hpp"
#include "walls/sink.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace routes {

class poll_sink {
public:
    // `cors_lines` live as long as the server. `number` and `trace` name the request. `began`: now.
    poll_sink(context& cx, std::unique_ptr<fastcgi::exchange> peer, std::string_view cors_lines,
              std::uint64_t number, http::trace trace, fibers::steady_time began,
              rate_limits::waiting_place place)
        : context_(&cx)
        , peer_(std::move(peer))
        , cors_lines_(cors_lines)
        , number_(number)
        , trace_(std::move(trace))
        , began_(began)
        , place_(std::move(place))
    {
    }

    void write(std::string_view json, const walls::position&);
    void write(std::span<std::string_view> parts, std::size_t bytes, const walls::position&);
    static bool goes_on() { return false; }
    bool may_wait() { return place_.take(); }
    static fibers::steady_time quiet_until() { return fibers::steady_time::max(); }
    static void keep_alive() {}
    void access_changed(std::span<const walls::wall_id>, std::span<const walls::wall_id>,
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
    void answer(std::string_view json);
    void answer_nothing(std::string_view name, std::int64_t number);
    void note_time();
    [[gnu::noinline]] void end_refused(const walls::ending& e);
    void refuse(const refused& why);
    http::request_name name() const { return {number_, trace_}; }

    context* context_;
    std::unique_ptr<fastcgi::exchange> peer_;
    std::string_view cors_lines_;
    std::uint64_t number_;
    http::trace trace_;
    fibers::steady_time began_;
    rate_limits::waiting_place place_;
};

} // namespace routes
