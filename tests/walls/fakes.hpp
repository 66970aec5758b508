// A database that tests fill by hand, and builders of what it holds.
#pragma once

#include "fibers/sleeper.hpp"
#include "walls/sources.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace walls::testing {

inline entry post(std::int64_t id, std::string body = "hi")
{
    entry e;
    e.id = entry_id{id};
    e.post = post_id{1000 + id};
    e.kind = "post";
    e.user = user_id{3};
    e.user_name = "ann";
    e.body = std::move(body);
    e.created_at = "2026-01-02T03:04:05.678Z";
    return e;
}

inline cursor at(std::int64_t wall, std::int64_t last, std::int64_t epoch = 0)
{
    return {wall_id{wall}, entry_id{last}, wall_epoch{epoch}};
}

inline identity_ptr somebody(std::int64_t user, std::vector<wall_id> walls = {wall_id{1}},
                             std::chrono::seconds left = std::chrono::hours(1))
{
    auto made = std::make_shared<identity>();
    made->user = user_id{user};
    made->user_name = "user " + std::to_string(user);
    made->walls = std::move(walls);
    made->expires =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now() + left);
    made->ends = std::chrono::steady_clock::now() + left;
    return made;
}

class fake_database final : public feed_source, public access_source {
public:
    std::map<std::int64_t, std::vector<entry>> feed; // by wall
    std::map<std::int64_t, std::int64_t> epochs;     // by wall; one that is not here has 1
    std::vector<user_id> access_changed;             // told by the next look
    std::vector<wall_id> members_changed;            // likewise
    bool everybody_changed = false;                  // likewise
    std::vector<user_id> authors;                    // likewise
    std::map<std::string, identity_ptr> sessions;
    std::vector<wall_id> open; // walls, to guests
    bool down = false;
    bool loads_fail = false;
    bool forget_everything = false;
    bool others_unaware = false;              // changes::others_unaware
    bool missing_from_pages = false;          // a page has no entry, although the head is further
    bool epoch_of_pages_is_behind = false;    // another history begins at each read
    std::chrono::milliseconds clock_ahead{0}; // of ours
    std::int64_t history = 1;                 // the epoch of walls that are not in `feed`
    int looks = 0;
    std::vector<wall_id> asked;   // by the last look, besides what changed
    std::size_t largest_read = 0; // walls
    int loads = 0;
    std::size_t read = 0; // entries, by all loads
    int finds = 0;
    int guest_finds = 0;
    std::function<void()> during_find = [] {};
    std::function<void()> during_look = [] {};
    std::function<void()> during_load = [] {};

    void add(std::int64_t wall, std::string body = "hi")
    {
        auto& entries = feed[wall];
        entries.push_back(post(static_cast<std::int64_t>(entries.size()) + 1, std::move(body)));
        changed_.push_back(wall_id{wall});
    }
    // The wall is removed, and comes back with its id and this many posts.
    void replace(std::int64_t wall, int posts, const std::string& body = "new")
    {
        feed[wall].clear();
        epochs[wall] = number(epoch(wall)) + 1;
        outdated_.push_back(wall_id{wall});
        for (int i = 0; i < posts; ++i) {
            add(wall, body);
        }
    }
    // Nobody but who asks for this wall hears of it.
    void cut_unnoticed(std::int64_t wall, std::size_t posts) { feed[wall].resize(posts); }
    void refresh(std::int64_t wall) { outdated_.push_back(wall_id{wall}); }

    result<changes> look(std::span<const wall_id> also) override
    {
        ++looks;
        asked.assign(also.begin(), also.end());
        if (down) {
            return db_error{db_error_kind::unavailable, "down"};
        }
        changes c;
        c.now = std::chrono::sys_time<std::chrono::milliseconds>(
            std::chrono::floor<std::chrono::milliseconds>(
                std::chrono::steady_clock::now().time_since_epoch()) +
            clock_ahead);
        c.position = "after look " + std::to_string(looks);
        c.forget_everything = std::exchange(forget_everything, false);
        c.others_unaware = others_unaware;
        if (!c.forget_everything) {
            for (const auto wall : std::exchange(changed_, {})) {
                c.heads.push_back(head_of(wall));
            }
            c.outdated = std::exchange(outdated_, {});
            for (const auto wall : c.outdated) {
                c.heads.push_back(head_of(wall));
            }
            c.access_changed = std::exchange(access_changed, {});
            c.members_changed = std::exchange(members_changed, {});
            c.everybody_changed = std::exchange(everybody_changed, false);
            c.authors = std::exchange(authors, {});
        }
        for (const auto wall : also) {
            if (feed.contains(number(wall))) {
                c.heads.push_back(head_of(wall));
            }
        }
        c.history = wall_epoch{history};
        during_look(); // after what it read: a commit in here is seen by the next look
        return c;
    }

    result<std::vector<page>> entries_after(std::span<const cursor> cursors,
                                            const page_limits& most) override
    {
        ++loads;
        largest_read = std::max(largest_read, cursors.size());
        if (down || loads_fail) {
            return db_error{db_error_kind::unavailable, "down"};
        }
        std::vector<page> pages;
        std::size_t all = 0;
        for (const cursor& c : cursors) {
            page p;
            p.wall = c.wall;
            p.newest = newest(c.wall);
            p.epoch = epoch(number(c.wall));
            std::size_t bytes = 0;
            for (const entry& e : feed[number(c.wall)]) {
                if (e.id <= c.last || missing_from_pages) {
                    continue;
                }
                if (p.entries.size() == most.entries || bytes >= most.wall_bytes ||
                    all >= most.bytes) {
                    p.more = true;
                    break;
                }
                p.entries.push_back(e);
                bytes += 300 + e.user_name.size() + e.body.value_or("").size();
                all += 300 + e.user_name.size() + e.body.value_or("").size();
            }
            if (epoch_of_pages_is_behind) {
                p.epoch = wall_epoch{number(p.epoch) - 1};
            }
            read += p.entries.size();
            pages.push_back(std::move(p));
        }
        during_load();
        return pages;
    }

    result<std::vector<identity_ptr>> find_identities(std::span<const std::string> tokens) override
    {
        ++finds;
        std::vector<identity_ptr> found;
        for (const auto& token : tokens) {
            const auto it = sessions.find(token);
            found.push_back(it == sessions.end() ? nullptr : it->second);
            if (found.back() && found.back()->token != token) {
                auto owner = std::make_shared<identity>(*found.back());
                owner->token = token;
                found.back() = it->second = std::move(owner);
            }
        }
        during_find();
        if (down) {
            return db_error{db_error_kind::unavailable, "down"};
        }
        return found;
    }

    result<identity_ptr> find_guest() override
    {
        ++guest_finds;
        during_find();
        if (down) {
            return db_error{db_error_kind::unavailable, "down"};
        }
        auto found = std::make_shared<identity>(*somebody(0, open));
        found->by = grounds::open_walls;
        return found;
    }

private:
    entry_id newest(wall_id wall)
    {
        const auto& entries = feed[number(wall)];
        return entries.empty() ? entry_id{0} : entries.back().id;
    }
    wall_epoch epoch(std::int64_t wall) const
    {
        const auto it = epochs.find(wall);
        return wall_epoch{it == epochs.end() ? 1 : it->second};
    }
    head head_of(wall_id wall) { return {wall, newest(wall), epoch(number(wall))}; }

    std::vector<wall_id> changed_;
    std::vector<wall_id> outdated_;
};

} // namespace walls::testing
