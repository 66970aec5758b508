#include "fcgi_app/routes/poll_in_progress.hpp"

#include "fcgi_app/routes/call.hpp"

#include <boost/fiber/fiber.hpp>
#include <spdlog/spdlog.h>

#include <charconv>

namespace routes {

using walls::cursor;
using walls::woken;

namespace {

constexpr std::string_view nothing_new = R"({"walls":{}})";

void append_number(std::string& out, std::int64_t n)
{
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
    out.append(digits, end);
}

} // namespace

// The object of "walls" in an answer, wall by wall.
class poll_in_progress::news {
public:
    news() { text_ = R"({"walls":{)"; }

    void entries(walls::wall_id wall, std::string_view json, bool more)
    {
        begin(wall);
        text_ += json;
        text_ += more ? R"(],"more":true})" : "]}";
    }
    void reset(walls::wall_id wall, walls::entry_id newest)
    {
        begin(wall);
        text_ += R"(],"reset":true,"newest":)";
        append_number(text_, walls::number(newest));
        text_ += '}';
    }
    bool any() const { return any_; }
    std::string finish() && { return std::move(text_ += "}}"); }

private:
    void begin(walls::wall_id wall)
    {
        text_ += any_ ? ",\"" : "\"";
        any_ = true;
        append_number(text_, walls::number(wall));
        text_ += R"(":{"posts":[)";
    }

    std::string text_;
    bool any_ = false;
};

void poll_in_progress::answer(std::string_view body)
{
    client_.answered();
    std::string cgi;
    cgi.reserve(160 + cors_lines_.size() + body.size());
    cgi += cors_lines_;
    cgi += "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: "
           "no-store\r\nContent-Length: ";
    append_number(cgi, static_cast<std::int64_t>(body.size()));
    cgi += "\r\n\r\n";
    cgi += body;
    peer_->answer(cgi);
}

void poll_in_progress::refuse(const http::response& r)
{
    client_.answered();
    services_.counted.polls_refused.Increment();
    peer_->answer(std::string(cors_lines_) + http::to_cgi(r));
}

poll_in_progress::news poll_in_progress::look(std::vector<cursor>& older) const
{
    news n;
    for (const cursor& mine : local_) {
        const auto newest = services_.hash.newest(mine.wall);
        if (!newest || *newest == mine.last) {
            continue;
        }
        if (mine.last > *newest) {
            n.reset(mine.wall, *newest);
        } else if (const auto recent = services_.recent.after(mine.wall, mine.last,
                                                              services_.options.page_entries)) {
            n.entries(mine.wall, recent->json, recent->more);
        } else {
            older.push_back(mine);
        }
    }
    return n;
}

walls::result<std::string> poll_in_progress::with_older(news n, const std::vector<cursor>& older)
{
    for (const cursor& mine : older) {
        const auto found = services_.backlog.after(mine);
        if (!found) {
            return found.error();
        }
        if (found->entries.empty()) {
            continue; // nothing after all; the client asks again
        }
        // Not what is newer than the last look: this user may have lost the wall before it was
        // written, and only a look tells.
        const auto newest = services_.hash.newest(mine.wall).value_or(walls::entry_id{0});
        std::string json;
        walls::entry_id last{};
        for (const walls::entry& e : found->entries) {
            if (e.id > newest) {
                break;
            }
            json += json.empty() ? "" : ",";
            json += walls::to_json(e);
            last = e.id;
        }
        if (!json.empty()) {
            n.entries(mine.wall, json, found->more && last < newest);
        }
    }
    return std::move(n).finish();
}

// Every wait in here may have let something happen: access may have changed, so it is asked for
// again before anything is handed out or parked. `park` is returned without a wait since the
// comparison.
poll_in_progress::next poll_in_progress::compare()
{
    for (;;) {
        if (!still_the_same_user()) {
            auto who = services_.access.find(who_->token, services_.refresh.looks_succeed());
            if (!who) {
                refuse(unavailable(services_, who.error()));
                return next::answered;
            }
            if (*who) {
                who_ = *who;
            }
            // Asked of our clock too: the database's may be behind, and would say yes for ever.
            if (!*who || session_over()) {
                refuse(http::response::error(400, "Invalid user!"));
                return next::answered;
            }
            std::erase_if(local_, [this](const cursor& c) { return !who_->may_see(c.wall); });
            if (local_.empty()) {
                refuse(http::response::error(400, "Invalid parameters!"));
                return next::answered;
            }
        }
        if (const auto caught_up = services_.refresh.catch_up(local_); !caught_up) {
            refuse(unavailable(services_, caught_up.error()));
            return next::answered;
        }
        if (!still_the_same_user()) {
            continue;
        }
        std::vector<cursor> older;
        news found = look(older);
        if (!older.empty()) {
            const auto body = with_older(std::move(found), older);
            if (!body) {
                refuse(unavailable(services_, body.error()));
                return next::answered;
            }
            if (!still_the_same_user()) {
                continue;
            }
            services_.counted.polls_news.Increment();
            answer(*body);
            return next::answered;
        }
        if (!found.any()) {
            return next::park;
        }
        services_.counted.polls_news.Increment();
        answer(std::move(found).finish());
        return next::answered;
    }
}

void poll_in_progress::go_on(poll_in_progress self)
{
    services& s = self.services_;
    try {
        if (self.compare() == next::answered) {
            return;
        }
    } catch (const std::exception& e) {
        s.counted.failures.Increment();
        spdlog::error("a poll failed: {}", e.what());
        self.refuse(http::response::error(500, "Something went wrong here. It has been logged."));
        return;
    }
    if (s.lot.parked_now() >= s.options.max_parked) {
        s.counted.refused_parking.Increment();
        spdlog::warn("a poll was refused: {} are parked (max_parked)", s.lot.parked_now());
        http::response full = http::response::error(503, "The server is full. Please try again.");
        full.headers.emplace_back("Retry-After", "5");
        self.refuse(full);
        return;
    }
    if (const auto most = s.options.max_parked_per_user; most > 0) {
        // The oldest are answered with nothing new: most likely pages that nobody looks at.
        s.counted.user_parking.Increment(
            static_cast<double>(s.who.make_room(self.who_->user, most)));
    }
    // The parked fiber runs now, so nothing slips in between comparison and parking.
    s.parked_fibers.run_now(std::move(self));
}

void poll_in_progress::park(poll_in_progress self)
{
    services& s = self.services_;
    walls::parked here(self.who_->user, self.local_);
    std::vector<cursor>().swap(self.local_); // `here` has it, without a chunk of heap
    self.peer_->wake_when_gone(&here);
    const woken why = s.lot.park(here, self.deadline_);
    self.peer_->wake_when_gone(nullptr);

    if (why == woken::gone) {
        s.counted.polls_gone.Increment();
        return;
    }
    if (why == woken::stopping || (why == woken::timed_out && !self.session_over())) {
        s.counted.polls_empty.Increment();
        self.answer(nothing_new);
        return;
    }
    for (const walls::watch& w : here.watches()) {
        self.local_.push_back(w.seen);
    }
    if (why == woken::risen && self.still_the_same_user()) {
        std::vector<cursor> older;
        news found = self.look(older);
        if (older.empty() && found.any()) {
            s.counted.polls_news.Increment();
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
