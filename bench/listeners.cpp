#include "bench/listeners.hpp"

#include "text/number.hpp"

#include <boost/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace bench {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t also_tag = ~std::uint64_t{0};

// A kept connection that ends so soon after the request, without a byte, was closed by the server
// before it saw the request; as in web/pollster/api.js.
constexpr auto at_once = 1s;

} // namespace

struct listeners::one {
    listener who;
    http_connection connection;
    std::string request;
    event_stream events;
    std::size_t answered = 0; // on this connection
    unsigned failures = 0;
    bool asking = false;
    clock::time_point asked{}; // or last heard of
};

listeners::listeners(audience a)
    : audience_(std::move(a))
    , epoll_(epoll_create1(EPOLL_CLOEXEC))
    , ready_(4096)
{
    for (const auto& l : audience_.listeners) {
        all_.push_back(std::make_unique<one>());
        all_.back()->who = l;
    }
}

listeners::~listeners()
{
    all_.clear();
    close(epoll_);
}

void listeners::watch(int also)
{
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.u64 = also_tag;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, also, &e);
}

void listeners::start(double a_second)
{
    a_second_ = a_second;
    begun_before_ = begun_;
    started_ = clock::now();
}

void listeners::begin_those_who_are_due()
{
    const std::chrono::duration<double> since = clock::now() - started_;
    const auto due = begun_before_ + static_cast<std::size_t>(since.count() * a_second_);
    while (begun_ < std::min(due, all_.size())) {
        ask(begun_++);
    }
}

long listeners::random_ms(long below)
{
    return std::uniform_int_distribution<long>(0, below)(random_);
}

void listeners::ask(std::size_t who)
{
    one& o = *all_[who];
    o.request = audience_.streams ? stream_request(o.who.cursors, o.who.session)
                                  : poll_request(o.who.cursors, o.who.session);
    o.events = {};
    if (!o.connection.connected()) {
        o.answered = 0;
    }
    o.asked = clock::now();
    o.asking = true;
    ++asking_;
    if (!o.connection.ask(epoll_, audience_.server, o.request, who)) {
        on_broken(who, false);
    }
}

void listeners::come_back(std::size_t who, std::chrono::milliseconds after)
{
    appointments_.push({clock::now() + after, who});
}

// The first time within 2 s, then doubling up to 30 s.
void listeners::try_again(std::size_t who, int seconds)
{
    one& o = *all_[who];
    const long most = std::max<long>(seconds, std::min(30L, 2L << std::min(o.failures, 4U)));
    ++o.failures;
    come_back(who, std::chrono::milliseconds(random_ms(most * 1000)));
}

void listeners::on_broken(std::size_t who, bool was_stream)
{
    one& o = *all_[who];
    o.asking = false;
    --asking_;
    const bool raced = o.answered > 0 && o.connection.silent() && clock::now() - o.asked < at_once;
    o.connection.close();
    if (raced) {
        ++heard_.events["raced"];
        return ask(who); // on a new connection, where nothing can race
    }
    ++heard_.events[was_stream ? "cut" : "broken"];
    try_again(who, 2);
}

void listeners::on_outcome(std::size_t who, http_connection::outcome what)
{
    using outcome = http_connection::outcome;
    one& o = *all_[who];
    if (what == outcome::waiting || !o.asking) {
        return;
    }
    const bool stream = o.connection.is_stream();
    if (stream && on_events(o)) {
        if (what != outcome::answered) { // the end of the answer itself is late: who waits for it?
            o.connection.close();
        }
        ++o.answered;
        o.asking = false;
        --asking_;
        // The server says when it wants this listener back.
        come_back(who, o.events.retry());
    } else if (what == outcome::answered && !stream) {
        ++o.answered;
        o.asking = false;
        --asking_;
        on_answer(who);
    } else if (what != outcome::streams) {
        on_broken(who, stream);
    }
}

void listeners::on_answer(std::size_t who)
{
    one& o = *all_[who];
    if (o.connection.status() != 200) {
        ++heard_.events[std::to_string(o.connection.status())];
        return try_again(who, o.connection.retry_after());
    }
    o.failures = 0;
    const std::string_view body = o.connection.body();
    if (!body.starts_with(R"({"walls":{})")) {
        take_entries(o, body);
        return ask(who);
    }
    ++heard_.events["empty"];
    const auto said = json::parse(body);
    if (const auto* ms = said.as_object().if_contains("retry_ms")) { // the server stops
        come_back(who, std::chrono::milliseconds(ms->to_number<long>()));
    } else if (clock::now() - o.asked < 1s) {
        come_back(who, std::chrono::milliseconds(random_ms(2000)));
    } else {
        ask(who);
    }
}

bool listeners::on_events(one& o)
{
    o.asked = clock::now(); // not silent
    o.failures = 0;
    std::string_view bytes = o.connection.body();
    while (o.events.next(bytes)) {
        if (o.events.name() == "walls") {
            take_entries(o, o.events.data());
        } else if (o.events.name() == "end") {
            const auto said = json::parse(o.events.data());
            const auto& reason = said.at("reason").as_string();
            ++heard_.events["end " + std::string(reason.data(), reason.size())];
            return true;
        } else {
            ++heard_.events[o.events.name()];
        }
    }
    return false;
}

void listeners::take_entries(one& o, std::string_view text)
{
    const auto said = json::parse(text);
    for (const auto& [wall, news] : said.at("walls").as_object()) {
        const auto number = text::parse_number<std::size_t>(wall, 1, SIZE_MAX);
        const auto at = std::find_if(o.who.cursors.begin(), o.who.cursors.end(),
                                     [&](const cursor& c) { return c.wall == number; });
        if (at == o.who.cursors.end()) {
            throw std::runtime_error("entries of a wall that was not asked for: " +
                                     std::string(text));
        }
        if (news.as_object().contains("reset")) {
            ++heard_.resets;
            at->entry = news.at("newest").to_number<std::int64_t>();
        }
        for (const auto& entry : news.at("posts").as_array()) {
            const auto& body = entry.at("body").as_string();
            on_entry(*at, entry.at("id").to_number<std::int64_t>(), {body.data(), body.size()});
        }
    }
}

void listeners::on_entry(cursor& at, std::int64_t entry, std::string_view text)
{
    if (entry <= at.entry) {
        ++heard_.doubled;
        return;
    }
    heard_.skipped += static_cast<std::size_t>(entry - at.entry - 1);
    at.entry = entry;
    ++heard_.entries;
    const std::chrono::nanoseconds posted(
        text::parse_number<std::int64_t>(text, 0, INT64_MAX).value_or(0));
    const std::chrono::duration<double, std::milli> took = clock::now().time_since_epoch() - posted;
    heard_.ms.push_back(took.count());
}

void listeners::look_for_silent()
{
    const auto now = clock::now();
    if (now < next_look_) {
        return;
    }
    next_look_ = now + 1s;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        one& o = *all_[i];
        if (o.asking && now - o.asked > audience_.patience) {
            ++heard_.events["late"];
            o.asking = false;
            --asking_;
            o.connection.close();
            try_again(i, 2);
        }
    }
}

bool listeners::turn(std::chrono::milliseconds longest)
{
    begin_those_who_are_due();
    const auto now = clock::now();
    while (!appointments_.empty() && appointments_.top().when <= now) {
        const auto who = appointments_.top().who;
        appointments_.pop();
        ask(who);
    }
    auto wait = begun_ < all_.size() && a_second_ > 0 ? std::min(longest, 10ms) : longest;
    if (!appointments_.empty()) {
        wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(
                                  appointments_.top().when - clock::now()));
    }
    const int n = epoll_wait(epoll_, ready_.data(), static_cast<int>(ready_.size()),
                             static_cast<int>(std::max<long>(wait.count(), 0)));
    bool readable = false;
    for (int i = 0; i < n; ++i) {
        const auto& e = ready_[static_cast<std::size_t>(i)];
        if (e.data.u64 == also_tag) {
            readable = true;
        } else {
            on_outcome(e.data.u64, all_[e.data.u64]->connection.on_event(e.events));
        }
    }
    look_for_silent();
    return readable;
}

heard listeners::take()
{
    return std::exchange(heard_, {});
}

} // namespace bench
