#include "fcgi_app/adapters/park_sink.hpp"

#include "fcgi_app/adapters/park_request.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <optional>

namespace adapters {

using reason = walls::vigil_ending::reason;

park_sink::park_sink(routes::context& cx, releases& pace, std::unique_ptr<fastcgi::exchange> peer,
                     std::string then, std::uint64_t number, http::trace trace)
    : context_(&cx)
    , pace_(&pace)
    , peer_(std::move(peer))
    , then_(std::move(then))
    , number_(number)
    , trace_(std::move(trace))
{
    context_->metrics.parks_gauge.Increment();
}

void park_sink::end(const walls::vigil_ending& e)
{
    if (e.why != reason::left) {
        if (e.why == reason::full || e.why == reason::failed) {
            note(e);
        }
        if (e.parked) {
            wait_for_its_turn();
        }
    }
    context_->metrics.parks_gauge.Decrement();
    if (peer_->gone()) {
        context_->metrics.parks_left.Increment();
        return;
    }
    peer_->begin(answer(e));
    peer_->end();
}

void park_sink::wait_for_its_turn()
{
    if (pace_->goes_now(std::chrono::steady_clock::now())) {
        return;
    }
    context_->metrics.delayed_releases.Increment();
    context_->metrics.releases_waiting_gauge.Increment();
    releases::place mine;
    {
        const auto watch = on_disconnect([&mine] { mine.give_up(); });
        pace_->wait(mine);
    }
    context_->metrics.releases_waiting_gauge.Decrement();
}

// Counted here, too.
std::string park_sink::answer(const walls::vigil_ending& e)
{
    using namespace std::chrono_literals;
    auto& m = context_->metrics;
    auto& draws = context_->jitter;
    switch (e.why) {
    case reason::news:
        m.parks_news.Increment();
        return way_back(then_, "news", std::nullopt);
    case reason::reset:
        m.parks_reset.Increment();
        return way_back(then_, "reset", std::nullopt);
    case reason::gone:
        m.parks_gone.Increment();
        return way_back(then_, "gone", std::nullopt);
    case reason::time_up:
        m.parks_nothing.Increment();
        return way_back(then_, "nothing", std::nullopt);
    case reason::stopping:
        m.parks_again.Increment();
        return way_back(then_, "again", context_->returns.next());
    case reason::full:
        m.parks_again.Increment();
        return way_back(then_, "again", 2s + draws.up_to(8s));
    default: // database, failed
        m.parks_unknown.Increment();
        return way_back(then_, "unknown", 1s + draws.up_to(4s));
    }
}

// Neither comes on the stack of a parked fiber: this one is large.
void park_sink::note(const walls::vigil_ending& e)
{
    const http::request_name name{number_, trace_};
    if (e.why == reason::full) {
        context_->metrics.refused_parking.Increment();
        spdlog::warn("request {}: an application could not park it, {} are parked (max_parked)",
                     name.text(), context_->hub.count().parked + pace_->waiting());
    } else {
        context_->metrics.failures.Increment();
        spdlog::error("request {}: parking it failed: {}", name.text(), e.what);
    }
}

} // namespace adapters
