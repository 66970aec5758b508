#include "fcgi_app/routes/stream_sink.hpp"

#include "fcgi_app/http/event_stream.hpp"
#include "fcgi_app/routes/stream_end.hpp"

#include <spdlog/spdlog.h>

#include <vector>

namespace routes {

stream_sink::stream_sink(context& cx, std::unique_ptr<fastcgi::exchange> peer, std::uint64_t number,
                         http::trace trace, bool with_ids, rate_limits::waiting_place place)
    : context_(&cx)
    , peer_(std::move(peer))
    , number_(number)
    , trace_(std::move(trace))
    , with_ids_(with_ids)
    , place_(std::move(place))
{
}

void stream_sink::begin(std::string_view cors_lines)
{
    context_->metrics.streams_gauge.Increment();
    std::string head(cors_lines);
    http::append_trace(head, trace_);
    // nginx keeps an answer back until it is complete, unless it is told not to.
    head += "Status: 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
            "X-Accel-Buffering: no\r\n\r\n";
    peer_->begin(head);
    std::string first;
    http::append_retry(first, comes_back_after(*context_));
    first += '\n';
    send(first);
}

void stream_sink::send(std::string_view event)
{
    peer_->write(event);
    wrote();
}

void stream_sink::wrote()
{
    peer_->flush();
    // Streams that were written to together must not become due together.
    const auto longest = context_->options.stream_heartbeat;
    quiet_until_ = std::chrono::steady_clock::now() + longest - context_->jitter.up_to(longest / 4);
}

// After the data, in the same event: a client that has not got all of it does not take the id.
void stream_sink::append_id(std::string& event, const walls::position& now) const
{
    if (with_ids_) {
        event += "\nid: ";
        http::append_cursors(event, now.visible);
        if (!now.hidden.empty()) {
            event += ',';
            http::append_cursors(event, now.hidden);
        }
    }
    event += http::end_event;
}

void stream_sink::write(std::string_view json, const walls::position& now)
{
    context_->metrics.stream_events.Increment();
    std::string event;
    event.reserve(json.size() + 64);
    http::begin_event(event, "walls");
    event += json;
    append_id(event, now);
    send(event);
}

void stream_sink::write(std::span<std::string_view> parts, std::size_t bytes,
                        const walls::position& now)
{
    context_->metrics.stream_events.Increment();
    std::string before;
    http::begin_event(before, "walls");
    std::string behind;
    append_id(behind, now);
    std::vector<std::string_view> all;
    all.reserve(parts.size() + 2);
    all.push_back(before);
    all.insert(all.end(), parts.begin(), parts.end());
    all.push_back(behind);
    if (before.size() + bytes + behind.size() > fastcgi::exchange::in_one) {
        peer_->write(std::span(all));
    } else {
        for (const auto part : all) {
            peer_->write(part);
        }
    }
    wrote();
}

void stream_sink::keep_alive()
{
    send(http::event_comment);
}

void stream_sink::access_changed(std::span<const walls::wall_id> lost,
                                 std::span<const walls::wall_id> gained,
                                 std::optional<walls::access_number> now)
{
    send(access_event(lost, gained, now));
}

void stream_sink::end(const walls::ending& e)
{
    context_->metrics.streams_gauge.Decrement();
    if (e.why == walls::ending::reason::gone) {
        context_->metrics.streams_gone.Increment();
        return;
    }
    peer_->write(end_event(*context_, e, {number_, trace_}));
    peer_->end();
}

} // namespace routes
