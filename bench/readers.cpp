#include "bench/readers.hpp"

#include "bench/chat_requests.hpp"
#include "text/number.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

constexpr std::size_t poster_count = 128; // a post on each of 100 walls needs no queue
constexpr std::uint64_t poster_tag = std::uint64_t{1} << 32U;

double ms_since(std::chrono::steady_clock::time_point t)
{
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - t).count();
}

// The number behind the next `name` in `text`, which is cut off up to there; -1: none.
std::int64_t take_number(std::string_view& text, std::string_view name)
{
    const auto at = text.find(name);
    if (at == std::string_view::npos) {
        return -1;
    }
    text.remove_prefix(at + name.size());
    return text::parse_number<std::int64_t>(text::leading_digits(text), 0, INT64_MAX).value_or(-1);
}

} // namespace

struct readers::reader {
    http_connection connection;
    std::string request;
    std::size_t wall{};
    std::size_t server{};
    std::int64_t cursor = 0;
    std::vector<std::int64_t> skipped; // below the cursor and never seen
    std::string etag;                  // nchan's cursor
    std::string modified;
    event_stream events;
    std::string last_event_id; // nchan's cursor on a stream
    clock::time_point asked{};
    clock::time_point retry = clock::time_point::max(); // not max: waits to try again
    unsigned failures = 0;
    bool begun = false;
};

struct readers::poster {
    http_connection connection;
    std::string request;
    std::size_t server{};
    std::size_t post{};
    bool busy = false;
    clock::time_point asked{};
    clock::time_point retry = clock::time_point::max();
};

readers::readers(crowd c)
    : crowd_(std::move(c))
    , epoll_(epoll_create1(EPOLL_CLOEXEC))
    , readers_of_(crowd_.walls + 1)
    , last_posted_(crowd_.walls + 1)
    // Other numbers, and client_keys, than those of an earlier crowd.
    , first_post_(static_cast<std::size_t>(std::chrono::system_clock::now().time_since_epoch() /
                                           std::chrono::milliseconds(1)) *
                  100)
    , ready_(4096)
{
    for (std::size_t i = 0; i < crowd_.readers; ++i) {
        auto r = std::make_unique<reader>();
        r->wall = 1 + i % crowd_.walls;
        r->server = i % crowd_.read_at.size();
        ++readers_of_[r->wall];
        readers_.push_back(std::move(r));
    }
    for (std::size_t i = 0; i < poster_count; ++i) {
        posters_.push_back(std::make_unique<poster>());
        posters_.back()->server = i % crowd_.post_at.size();
    }
}

readers::~readers()
{
    readers_.clear();
    posters_.clear();
    close(epoll_);
}

double readers::random(double below)
{
    return std::uniform_real_distribution<double>(0, below)(random_);
}

double readers::start()
{
    const auto began = clock::now();
    for (std::size_t i = 0; i < readers_.size(); ++i) {
        poll(i);
    }
    while (begun_ < readers_.size()) {
        turn(std::chrono::milliseconds(10));
    }
    return ms_since(began) / 1000;
}

std::string readers::request_of(const reader& r, std::size_t who) const
{
    if (crowd_.nchan) {
        return crowd_.streams ? nchan_stream_request(r.wall, r.last_event_id)
                              : nchan_poll_request(r.wall, r.etag, r.modified);
    }
    const std::string& session = crowd_.sessions[who % crowd_.sessions.size()];
    return crowd_.streams ? stream_request(r.wall, r.cursor, session)
                          : poll_request(r.wall, r.cursor, session);
}

std::string readers::request_of(const sent_post& p, std::size_t number) const
{
    return crowd_.nchan
               ? nchan_post_request(p.wall, number, p.number)
               : post_request(p.wall, number, crowd_.sessions[number % crowd_.sessions.size()]);
}

void readers::poll(std::size_t who)
{
    reader& r = *readers_[who];
    r.request = request_of(r, who);
    r.events = {};
    r.retry = clock::time_point::max();
    r.asked = clock::now();
    if (!r.connection.ask(epoll_, crowd_.read_at[r.server], r.request, who)) {
        ++events_["broken"];
        again_later(r, 2);
    }
}

// The first time within 2 s, then doubling up to 30 s, at another server.
void readers::again_later(reader& r, double seconds)
{
    const double most = std::max(seconds, std::min(30.0, 2.0 * (1U << std::min(r.failures, 4U))));
    ++r.failures;
    r.server = (r.server + 1) % crowd_.read_at.size();
    r.connection.close();
    r.retry = clock::now() + std::chrono::milliseconds(static_cast<long>(random(most) * 1000));
}

void readers::on_outcome(std::size_t who, http_connection::outcome what)
{
    using outcome = http_connection::outcome;
    reader& r = *readers_[who];
    if (what == outcome::waiting) {
        return;
    }
    const bool stream = r.connection.is_stream();
    if (stream && on_events(r)) {
        // The server says when it wants this reader back.
        ++events_["ended"];
        r.connection.close();
        r.retry = clock::now() + r.events.retry();
    } else if (what == outcome::answered && !stream) {
        on_answer(who);
    } else if (what != outcome::streams) {
        ++events_["broken"];
        again_later(r, 2);
    }
}

void readers::on_answer(std::size_t who)
{
    reader& r = *readers_[who];
    if (r.connection.status() != 200) {
        ++events_[std::to_string(r.connection.status())];
        return again_later(r, r.connection.retry_after());
    }
    r.failures = 0;
    if (crowd_.nchan) {
        r.etag = r.connection.header("Etag");
        r.modified = r.connection.header("Last-Modified");
    }
    std::string_view body = r.connection.body();
    if (body.starts_with(R"({"walls":{})")) {
        ++events_["empty"];
        if (ms_since(r.asked) < 1000) {
            return again_later(r, 2);
        }
        // The server stops, and says when it wants this reader back.
        if (const auto ms = take_number(body, R"("retry_ms":)"); ms > 0) {
            r.retry = clock::now() + std::chrono::milliseconds(ms);
            return;
        }
        return poll(who);
    }
    take_entries(r, body);
    poll(who);
}

bool readers::on_events(reader& r)
{
    r.asked = clock::now(); // not silent
    r.failures = 0;
    bool ended = false;
    std::string_view bytes = r.connection.body();
    while (r.events.next(bytes)) {
        ended = r.events.name() == "end";
        take_entries(r, r.events.data());
    }
    r.last_event_id = r.events.last_id();
    return ended;
}

void readers::take_entries(reader& r, std::string_view json)
{
    for (;;) {
        const std::int64_t id = take_number(json, R"({"id":)");
        if (id < 0) {
            return;
        }
        const std::int64_t number = take_number(json, R"("body":"#)");
        on_entry(r, id, static_cast<std::size_t>(number));
    }
}

void readers::on_entry(reader& r, std::int64_t id, std::size_t post)
{
    if (id <= r.cursor) {
        if (std::erase(r.skipped, id) == 0) {
            ++tally_.doubled;
            return;
        }
        ++tally_.reordered;
    } else if (id != r.cursor + 1) {
        ++tally_.gaps;
        for (std::int64_t n = std::max(r.cursor + 1, id - 100); n < id; ++n) {
            r.skipped.push_back(n);
        }
    }
    r.cursor = std::max(r.cursor, id);
    if (post < first_post_ || post - first_post_ >= posts_.size()) {
        return; // of an earlier round, already reported as missing
    }
    sent_post& p = posts_[post - first_post_];
    if (p.entry != 0 && p.entry != id) {
        ++tally_.posted_twice;
    }
    p.entry = id;
    ++p.receipts;
    ++tally_.received;
    latencies_.push_back(ms_since(p.began));
}

void readers::begin_post(std::size_t wall)
{
    to_post_.push_back(first_post_ + posts_.size());
    sent_post p;
    p.began = clock::now();
    p.wall = wall;
    p.number = ++last_posted_[wall];
    posts_.push_back(p);
    tally_.expected += readers_of_[wall];
    send_posts();
}

void readers::send_posts()
{
    for (std::size_t i = 0; i < posters_.size() && !to_post_.empty(); ++i) {
        poster& p = *posters_[i];
        if (p.busy) {
            continue;
        }
        p.busy = true;
        p.post = to_post_.front();
        to_post_.pop_front();
        p.request = request_of(posts_[p.post - first_post_], p.post);
        p.asked = clock::now();
        if (!p.connection.ask(epoll_, crowd_.post_at[p.server], p.request, poster_tag + i)) {
            on_post_failure(p, 1);
        }
    }
}

void readers::on_post_answer(poster& p)
{
    const int status = p.connection.status();
    if (status != 200 && status != 201 && status != 202) { // nchan: 202 if nobody reads
        ++events_["post " + std::to_string(status)];
        if (status == 409 || status == 400 || status == 401 || status == 403 || status == 422) {
            throw std::runtime_error("a post was refused with " + std::to_string(status));
        }
        return on_post_failure(p, std::max(1, p.connection.retry_after()));
    }
    p.busy = false;
    if (p.post >= first_post_) {
        sent_post& sent = posts_[p.post - first_post_];
        sent.acknowledged = true;
        ++tally_.posted;
        acknowledged_.push_back(ms_since(sent.began));
    }
    send_posts();
}

// Nobody knows whether it is committed: the same client_key again tells.
void readers::on_post_failure(poster& p, double seconds)
{
    p.connection.close();
    p.server = (p.server + 1) % crowd_.post_at.size();
    p.retry = clock::now() + std::chrono::milliseconds(static_cast<long>(random(seconds) * 1000));
}

void readers::look_at_clocks()
{
    const auto now = clock::now();
    if (now < next_clock_look_) {
        return;
    }
    next_clock_look_ = now + std::chrono::milliseconds(50);
    for (std::size_t i = 0; i < readers_.size(); ++i) {
        reader& r = *readers_[i];
        if (r.retry != clock::time_point::max()) {
            if (now >= r.retry) {
                poll(i);
            }
        } else if (r.asked != clock::time_point{} && now - r.asked > crowd_.patience) {
            ++events_["late"];
            again_later(r, 2);
        }
    }
    for (std::size_t i = 0; i < posters_.size(); ++i) {
        poster& p = *posters_[i];
        if (p.retry != clock::time_point::max() && now >= p.retry) {
            p.retry = clock::time_point::max();
            p.asked = now;
            if (!p.connection.ask(epoll_, crowd_.post_at[p.server], p.request, poster_tag + i)) {
                on_post_failure(p, 1);
            }
        } else if (p.busy && p.retry == clock::time_point::max() &&
                   now - p.asked > std::chrono::seconds(5)) {
            ++events_["post late"];
            on_post_failure(p, 1);
        }
    }
}

void readers::turn(std::chrono::milliseconds longest)
{
    const int n =
        epoll_wait(epoll_, ready_.data(), static_cast<int>(ready_.size()),
                   static_cast<int>(std::min(longest, std::chrono::milliseconds(50)).count()));
    for (int i = 0; i < n; ++i) {
        const std::uint64_t tag = ready_[static_cast<std::size_t>(i)].data.u64;
        const std::uint32_t what = ready_[static_cast<std::size_t>(i)].events;
        if (tag >= poster_tag) {
            poster& p = *posters_[tag - poster_tag];
            const auto outcome = p.connection.on_event(what);
            if (outcome == http_connection::outcome::answered) {
                on_post_answer(p);
            } else if (outcome == http_connection::outcome::broken) {
                ++events_["post broken"];
                on_post_failure(p, 1);
            }
            continue;
        }
        reader& r = *readers_[tag];
        if (!r.begun) {
            r.begun = true; // connected, or refused for the first time
            ++begun_;
        }
        on_outcome(tag, r.connection.on_event(what));
    }
    look_at_clocks();
}

bool readers::complete() const
{
    return tally_.received >= tally_.expected && tally_.posted == posts_.size();
}

void readers::wait_until_complete(std::chrono::milliseconds longest)
{
    const auto deadline = clock::now() + longest;
    while (!complete() && clock::now() < deadline) {
        turn(std::chrono::milliseconds(5));
    }
    // What would come twice comes now.
    const auto end = clock::now() + std::chrono::milliseconds(500);
    while (clock::now() < end) {
        turn(std::chrono::milliseconds(5));
    }
}

tally readers::post(double rate, std::chrono::milliseconds time, std::chrono::milliseconds longest)
{
    const auto began = clock::now();
    std::size_t begun = 0;
    const double all = std::chrono::duration<double>(time).count() * rate;
    while (static_cast<double>(begun) < all) {
        const double due = std::min(all, ms_since(began) / 1000 * rate);
        while (static_cast<double>(begun) < due) {
            begin_post(1 + begun % crowd_.walls);
            ++begun;
        }
        turn(std::chrono::milliseconds(1));
    }
    wait_until_complete(longest);
    return result();
}

tally readers::post_one(std::size_t wall, std::chrono::milliseconds longest)
{
    begin_post(wall);
    wait_until_complete(longest);
    return result();
}

tally readers::post_all(std::chrono::milliseconds longest)
{
    for (std::size_t wall = 1; wall <= crowd_.walls; ++wall) {
        begin_post(wall);
    }
    wait_until_complete(longest);
    return result();
}

tally readers::result()
{
    tally t = std::exchange(tally_, {});
    t.missing = t.expected - std::min(t.expected, t.received);
    t.latency = percentiles_of(std::exchange(latencies_, {}));
    t.acknowledged = percentiles_of(std::exchange(acknowledged_, {}));
    if (t.posted == posts_.size()) {
        first_post_ += posts_.size(); // the next ones have other numbers
        posts_.clear();
    }
    return t;
}

std::map<std::string, std::size_t> readers::events()
{
    return std::exchange(events_, {});
}

} // namespace bench
