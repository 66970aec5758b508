#include "fcgi_app/routes/poll_in_progress.hpp"

#include "fcgi_app/routes/call.hpp"
#include "fcgi_app/routes/news_json.hpp"

#include <boost/fiber/fiber.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

namespace routes {

using walls::cursor;
using walls::woken;

namespace {

constexpr std::string_view nothing_new = R"({"walls":{}})";

} // namespace

class poll_in_progress::news {
public:
    void entries(const walls::head& h, std::string_view json, bool more)
    {
        walls_.begin(text_, h.wall);
        text_ += json;
        news_json::end(text_, h, more);
    }
    void reset(const walls::head& h) { walls_.reset(text_, h); }
    bool any() const { return walls_.any(); }
    std::size_t bytes() const { return text_.size(); }
    std::string finish() && { return std::move(text_ += news_json::finish); }

private:
    std::string text_{news_json::start};
    news_json walls_;
};

void poll_in_progress::answer(std::string_view body)
{
    client_.answered();
    std::string head;
    append_head(head, cors_lines_, body.size());
    peer_->begin(head);
    peer_->write(body);
    peer_->end();
}

void poll_in_progress::refuse(const http::response& r)
{
    client_.answered();
    services_.metrics.polls_refused.Increment();
    peer_->begin(std::string(cors_lines_) + http::to_cgi(r, true));
    peer_->write(r.body);
    peer_->end();
}

poll_in_progress::news poll_in_progress::look(std::vector<cursor>& older)
{
    const auto& most = services_.backlog.most();
    news n;
    for (cursor& mine : local_) {
        const auto known = services_.hash.find(mine.wall);
        if (!known) {
            continue;
        }
        if (!goes_on(mine, known->newest, known->epoch)) {
            n.reset(*known);
            continue;
        }
        mine.epoch = known->epoch; // parked with it, it hears of another
        if (known->newest == mine.last) {
            continue;
        }
        const auto recent =
            services_.recent.after(mine.wall, mine.last, most.entries, most.wall_bytes);
        if (recent && n.bytes() + recent->json.size() <= fastcgi::exchange::in_one) {
            n.entries(*known, recent->json, recent->more);
        } else {
            older.push_back(mine);
        }
    }
    return n;
}

// The walls that are behind, in the order in which they are served. Not always the same first, or a
// wall that fills every answer would starve those behind it; but the same for equal cursors, so
// that clients that are at the same point go on together.
std::vector<cursor> poll_in_progress::behind() const
{
    std::vector<cursor> all;
    std::uint64_t state = 0;
    for (const cursor& mine : local_) {
        const auto known = services_.hash.find(mine.wall);
        if (known && goes_on(mine, known->newest, known->epoch) && known->newest != mine.last) {
            all.push_back(mine);
            state += static_cast<std::uint64_t>(walls::number(mine.last));
        }
    }
    if (!all.empty()) {
        std::minstd_rand mix(static_cast<std::uint32_t>(state % 2'147'483'647));
        mix.discard(2);
        std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(mix() % all.size()),
                    all.end());
    }
    return all;
}

walls::result<large_news> poll_in_progress::read_large(bool looked_again,
                                                       std::vector<cursor>& missing)
{
    const auto walls = behind();
    const auto pages = services_.backlog.after(walls);
    if (!pages) {
        return pages.error();
    }
    large_news n;
    for (std::size_t i = 0; i < pages->size(); ++i) {
        const auto& page = (*pages)[i];
        const auto known =
            services_.hash.find(walls[i].wall).value_or(walls::head{walls[i].wall, {}, {}});
        if (!goes_on(walls[i], known.newest, known.epoch)) {
            continue; // another history began during the read: below
        }
        if (page->behind_hash || page->epoch != known.epoch) {
            missing.push_back(walls[i]);
        } else if (!page->json.empty()) {
            n.entries(known, page);
        } else if (looked_again) {
            n.reset(known); // entries are missing: the history says what there is
        } else {
            missing.push_back(walls[i]);
        }
    }
    if (pages->size() < walls.size()) {
        n.left_out();
    }
    for (const cursor& mine : local_) {
        const auto known = services_.hash.find(mine.wall);
        if (known && !goes_on(mine, known->newest, known->epoch)) {
            n.reset(*known);
        }
    }
    n.finish(cors_lines_);
    return n;
}

void poll_in_progress::answer(const large_news& n, walls::answer_room::share room)
{
    client_.answered();
    auto parts = n.parts();
    room.keep(n.bytes());
    peer_->begin(n.head());
    if (n.bytes() > fastcgi::exchange::in_one) {
        peer_->write(parts);
    } else {
        for (const auto part : parts) {
            peer_->write(part);
        }
    }
    peer_->end();
}

// Every wait in here may have let something happen: access may have changed, so it is asked for
// again before anything is handed out or parked. `park` is returned without a wait since the
// comparison.
poll_in_progress::next poll_in_progress::compare()
{
    walls::answer_room::share room; // of an answer that is large, or has to be read
    for (int looked_again = 0;;) {
        if (!still_the_same_user()) {
            auto caller =
                services_.access.find(identity_->token, services_.refresh.looks_succeed());
            if (!caller) {
                refuse(unavailable(services_, caller.error()));
                return next::answered;
            }
            if (!*caller) {
                refuse(http::response::error(400, "Invalid user!"));
                return next::answered;
            }
            identity_ = *caller;
            std::erase_if(local_, [this](const cursor& c) { return !identity_->may_see(c.wall); });
            if (local_.empty()) {
                refuse(http::response::error(400, "Invalid parameters!"));
                return next::answered;
            }
        }
        if (const auto caught_up = services_.refresh.catch_up(local_, identity_->read_at);
            !caught_up) {
            refuse(unavailable(services_, caught_up.error()));
            return next::answered;
        }
        if (!still_the_same_user()) {
            continue;
        }
        if (peer_->full()) {
            room.release();
            peer_->wait_until_it_reads();
            continue;
        }
        std::vector<cursor> older;
        news found = look(older);
        if (const auto needed = older.empty() ? 0 : services_.backlog.room_for(behind());
            room.bytes() < needed) {
            room.release();
            room = services_.room.take(identity_->user, needed);
            if (peer_->gone()) {
                services_.metrics.polls_gone.Increment();
                return next::answered;
            }
            if (!room) { // stopping
                services_.metrics.polls_empty.Increment();
                answer(nothing_new);
                return next::answered;
            }
            continue;
        }
        if (!older.empty()) {
            std::vector<cursor> missing;
            const auto large = read_large(looked_again > 0, missing);
            if (!large) {
                refuse(unavailable(services_, large.error()));
                return next::answered;
            }
            if (!still_the_same_user()) {
                continue;
            }
            if (!missing.empty()) {
                if (const auto looked = look_again(missing, ++looked_again); !looked) {
                    refuse(unavailable(services_, looked.error()));
                    return next::answered;
                }
                continue;
            }
            services_.metrics.polls_news.Increment();
            answer(*large, std::move(room));
            return next::answered;
        }
        if (!found.any()) {
            return next::park;
        }
        services_.metrics.polls_news.Increment();
        answer(std::move(found).finish());
        return next::answered;
    }
}

// Whatever the reason is that the hash and the database differ, the client does not ask again in
// vain.
walls::result<void> poll_in_progress::look_again(const std::vector<cursor>& older, int times)
{
    constexpr int enough = 3;
    if (times > enough) {
        return walls::db_error{walls::db_error_kind::unavailable,
                               "a wall begins anew again and again"};
    }
    return services_.refresh.look_again(older);
}

void poll_in_progress::go_on(poll_in_progress self)
{
    services& s = self.services_;
    try {
        if (self.compare() == next::answered) {
            return;
        }
    } catch (const std::exception& e) {
        s.metrics.failures.Increment();
        spdlog::error("a poll failed: {}", e.what());
        self.refuse(http::response::error(500, "Something went wrong here. It has been logged."));
        return;
    }
    if (s.parking.parked_now() >= s.options.max_parked) {
        s.metrics.refused_parking.Increment();
        spdlog::warn("a poll was refused: {} are parked (max_parked)", s.parking.parked_now());
        self.refuse(http::response::error(503, "The server is full. Please try again.",
                                          std::chrono::seconds(5)));
        return;
    }
    if (const auto most = s.options.max_parked_per_user; most > 0) {
        // The oldest are answered with nothing new: most likely pages that nobody looks at.
        s.metrics.user_parking.Increment(
            static_cast<double>(s.presence.make_room(self.identity_->user, most)));
    }
    // The parked fiber runs now, so nothing slips in between comparison and parking.
    s.parked_fibers.run_now(std::move(self));
}

void poll_in_progress::park(poll_in_progress self)
{
    services& s = self.services_;
    walls::parked here(self.identity_->user, self.local_);
    std::vector<cursor>().swap(self.local_); // `here` has it, without a chunk of heap
    woken why{};
    {
        const fastcgi::disconnect_callback left(*self.peer_, [&here] { here.wake(woken::gone); });
        // The session may have got another end since the poll began.
        why = s.parking.park(here, std::min(self.deadline_, self.identity_->ends));
    }

    if (why == woken::gone) {
        s.metrics.polls_gone.Increment();
        return;
    }
    if (why == woken::stopping || (why == woken::timed_out && !self.session_over())) {
        s.metrics.polls_empty.Increment();
        self.answer(nothing_new);
        return;
    }
    for (const walls::watch& w : here.watches()) {
        self.local_.push_back(w.seen);
    }
    if (why == woken::risen && self.still_the_same_user() && !self.peer_->full()) {
        std::vector<cursor> older;
        news found = self.look(older);
        if (older.empty() && found.any()) {
            s.metrics.polls_news.Increment();
            self.answer(std::move(found).finish());
            return;
        }
    }
    start_again(std::move(self));
}

void poll_in_progress::start_again(poll_in_progress self)
{
    auto& stacks = self.services_.request_stacks;
    boost::fibers::fiber(
        boost::fibers::launch::post, std::allocator_arg, stacks.get(),
        [](poll_in_progress p) { go_on(std::move(p)); }, std::move(self))
        .detach();
}

} // namespace routes
