#include "fcgi_app/routes/poll_sink.hpp"

#include "fcgi_app/routes/admission.hpp"
#include "fcgi_app/routes/send.hpp"

#include <spdlog/spdlog.h>

#include <charconv>
#include <string>

namespace routes {

namespace {

http::refusal too_many_guests()
{
    return {503, "Too many guests are waiting. Please try again.", std::chrono::seconds(5)};
}

http::refusal too_many_guests_there()
{
    return {429, "Too many guests from this address are waiting. Please try again.",
            std::chrono::seconds(5)};
}

constexpr std::string_view nothing_new = R"({"walls":{}})";

// A CGI head of 200 for a body of so many bytes.
std::string head_of(std::string_view cors_lines, const http::trace& trace, std::size_t body_bytes)
{
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, body_bytes).ptr;
    std::string head;
    head.reserve(240 + cors_lines.size());
    head += cors_lines;
    http::append_trace(head, trace);
    head += "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: "
            "no-store\r\nContent-Length: ";
    head.append(digits, end);
    head += "\r\n\r\n";
    return head;
}

} // namespace

// No entry, and a number.
void poll_sink::answer_nothing(std::string_view name, std::int64_t number)
{
    std::string json = R"({"walls":{},")";
    json += name;
    json += "\":";
    json += std::to_string(number);
    json += '}';
    answer(json);
}

void poll_sink::answer(std::string_view json)
{
    peer_->begin(head_of(cors_lines_, trace_, json.size()));
    peer_->write(json);
    peer_->end();
    note_time();
}

void poll_sink::note_time()
{
    context_->metrics.poll_times.add(std::chrono::steady_clock::now() - began_);
}

void poll_sink::write(std::string_view json, const walls::position&)
{
    context_->metrics.polls_news.Increment();
    answer(json);
}

void poll_sink::write(std::span<std::string_view> parts, std::size_t bytes, const walls::position&)
{
    context_->metrics.polls_news.Increment();
    peer_->begin(head_of(cors_lines_, trace_, bytes));
    if (bytes > fastcgi::exchange::in_one) {
        peer_->write(parts);
    } else {
        for (const auto part : parts) {
            peer_->write(part);
        }
    }
    peer_->end();
    note_time();
}

void poll_sink::access_changed(std::span<const walls::wall_id>, std::span<const walls::wall_id>,
                               std::optional<walls::access_number> now)
{
    if (now) {
        context_->metrics.polls_news.Increment();
        answer_nothing("access", walls::number(*now));
    }
}

void poll_sink::refuse(const refused& why)
{
    context_->metrics.polls_refused.Increment();
    send(*peer_, {cors_lines_, trace_}, response_to(*context_, why, name()));
}

// All but end_refused() happens on the small stack of a parked fiber: nothing deep here.
void poll_sink::end(const walls::ending& e)
{
    using reason = walls::ending::reason;
    switch (e.why) {
    case reason::time_up:
        context_->metrics.polls_empty.Increment();
        if (const auto spread = context_->returns.spread_of(context_->hub.clients())) {
            answer_nothing("spread_ms", spread->count());
        } else {
            answer(nothing_new);
        }
        break;
    case reason::stopping:
        context_->metrics.polls_empty.Increment();
        answer_nothing("retry_ms", context_->returns.next().count());
        break;
    case reason::gone:
        context_->metrics.polls_gone.Increment();
        break;
    default:
        end_refused(e);
        break;
    }
}

void poll_sink::end_refused(const walls::ending& e)
{
    using reason = walls::ending::reason;
    switch (e.why) {
    case reason::signed_out:
        refuse(invalid_user);
        break;
    case reason::no_wall:
        refuse(invalid_parameters);
        break;
    case reason::database:
        refuse(*e.error);
        break;
    case reason::too_many:
        context_->metrics.refused_parking.Increment();
        spdlog::warn("request {}: a poll was refused, {} are parked (max_parked)", name().text(),
                     context_->hub.count().parked);
        refuse(
            http::refusal{503, "The server is full. Please try again.", std::chrono::seconds(5)});
        break;
    // Of these no line in the log: how many there are is up to strangers. They are counted.
    case reason::too_many_guests:
        context_->metrics.refused_guests.Increment();
        refuse(too_many_guests());
        break;
    case reason::too_many_there:
        refuse(too_many_guests_there());
        break;
    default:
        context_->metrics.failures.Increment();
        spdlog::error("request {}: a poll failed: {}", name().text(), e.what);
        refuse(something_went_wrong());
        break;
    }
}

} // namespace routes
