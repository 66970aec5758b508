#include "walls/feed_follower.hpp"

#include <boost/fiber/operations.hpp>

#include <algorithm>
#include <utility>

namespace walls {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t walls_a_read = 1000;
// Text that is written without a break: the others run after it.
constexpr std::size_t bytes_a_step = std::size_t{64} * 1024;

// Ascending, each once: as apply_heads() wants them.
std::vector<wall_id> in_order(std::vector<wall_id> walls)
{
    std::sort(walls.begin(), walls.end());
    walls.erase(std::unique(walls.begin(), walls.end()), walls.end());
    return walls;
}

} // namespace

bool feed_follower::posted(const own_entry& own)
{
    const auto known = parts_.hash.find(own.wall);
    if (own.access_changed || own.outdated != parts_.recent.outdated() || !known ||
        own.epoch != known->epoch || number(known->newest) + 1 != number(own.what.id)) {
        return false;
    }
    parts_.recent.append(own.wall, {&own.what, 1}, own.committed);
    parts_.hash.raise(own.wall, own.what.id);
    raised_.insert(own.wall);
    parts_.parking.notify();
    return true;
}

result<feed_follower::outcome> feed_follower::look(asked_for asked, fibers::steady_time committed)
{
    const auto also = in_order(std::move(asked.now));
    const auto sent = steady_clock::now();
    auto found = ask_source(also);
    if (!found) {
        return found.error();
    }
    others_unaware_ = found->others_unaware;
    compare_clocks(*found, sent);
    apply_access(*found);
    relearn_ = relearn_ || found->forget_everything;
    apply_heads(*found, also);
    if (relearn_) {
        if (auto learned = relearn(std::move(asked.relied)); !learned) {
            return learned.error();
        }
        relearn_ = false;
    }
    return load_pending(committed);
}

result<changes> feed_follower::ask_source(std::span<const wall_id> also)
{
    raised_.clear();
    return parts_.source.look(also);
}

void feed_follower::compare_clocks(const changes& c, fibers::steady_time sent)
{
    if (c.now) {
        if (const auto by = database_clock_.jumped(*c.now, sent, steady_clock::now())) {
            ask_again_about_everybody();
            on_clock_set(clock::database, *by);
        }
    }
    // Between two readings of the steady clock: this thread may lose the processor for seconds in
    // between.
    const auto before = steady_clock::now();
    const auto now = time_of_day();
    if (const auto by = host_clock_.jumped(now, before, steady_clock::now())) {
        // What was left of a token is kept on our steady clock, which nobody sets, and which stands
        // still while the machine sleeps. Those of sessions are still valid, and park again.
        parts_.access.forget_signed();
        parts_.presence.wake_all(woken::access_changed);
        on_clock_set(clock::host, *by);
    }
}

// Before any entry is handed out: whoever lost a wall in this look must not be given its entries by
// this look. What did not change is left alone: each call drops answers that are on their way.
void feed_follower::apply_access(const changes& c)
{
    access_known_ = c.position;
    if (c.forget_everything || c.everybody_changed) {
        ask_again_about_everybody();
    }
    if (!c.members_changed.empty()) {
        parts_.access.forget_members(c.members_changed);
        for (const wall_id wall : c.members_changed) {
            parts_.hash.wake(wall, woken::access_changed);
        }
    }
    if (!c.access_changed.empty()) {
        parts_.access.forget(c.access_changed);
        for (const user_id user : c.access_changed) {
            parts_.presence.wake(user, woken::access_changed);
        }
    }
    if (!c.authors.empty()) {
        parts_.recent.forget_by(c.authors);
    }
    for (const wall_id wall : c.outdated) {
        parts_.recent.outdate(wall);
    }
}

void feed_follower::ask_again_about_everybody()
{
    parts_.access.forget_all();
    parts_.presence.wake_all(woken::access_changed);
}

// The database may have been restored: numbers may have fallen, and texts may differ.
result<void> feed_follower::relearn(std::vector<wall_id> wanted)
{
    parts_.recent.forget_all();
    pending_.clear();
    parts_.hash.forget_unwatched();
    const auto watched = parts_.hash.watched();
    wanted.insert(wanted.end(), watched.begin(), watched.end());
    wanted = in_order(std::move(wanted));
    auto found = ask_source(wanted);
    if (!found) {
        return found.error();
    }
    apply_access(*found);
    if (found->forget_everything) {
        return db_error{db_error_kind::unavailable, "the database has just been restored again"};
    }
    apply_heads(*found, wanted);
    return {};
}

void feed_follower::apply_heads(const changes& c, std::span<const wall_id> asked)
{
    std::set<wall_id> missing(asked.begin(), asked.end());
    for (const head& h : c.heads) {
        missing.erase(h.wall);
        apply(h, std::binary_search(asked.begin(), asked.end(), h.wall));
    }
    for (const wall_id wall : missing) { // no such wall, or no entry on it
        apply({wall, entry_id{0}, c.history}, true);
    }
}

void feed_follower::apply(const head& h, bool asked)
{
    const auto known = parts_.hash.find(h.wall);
    if (!known) {
        if (asked) {
            parts_.hash.replace(h);
        }
        return;
    }
    if (h.epoch != known->epoch) {
        if (known->newest != entry_id{0}) {
            begin_anew(h);
            return;
        }
        // A wall gets its epoch with its first entry.
        parts_.hash.replace({h.wall, known->newest, h.epoch});
    }
    if (h.newest > known->newest) {
        if (parts_.hash.watched(h.wall)) {
            pending_[h.wall] = h.newest;
        } else {
            // What is remembered ends below: an edit above it, that nobody reads now, may be of it.
            parts_.recent.forget(h.wall);
            parts_.hash.raise(h.wall, h.newest);
        }
    } else if (h.newest < known->newest && !raised_.contains(h.wall)) {
        begin_anew(h); // a head that fell where no trigger saw it
    }
}

void feed_follower::begin_anew(const head& h)
{
    parts_.recent.outdate(h.wall);
    pending_.erase(h.wall);
    parts_.hash.replace(h);
    parts_.parking.notify();
}

// One read for all walls that rose, whatever the number of their readers, as far as the limits of a
// read go. Pages until each wall is complete.
//
// The read is younger than the look. What was committed between them is left to the next look:
// somebody may have lost the wall before it was written, and only a look tells.
result<feed_follower::outcome> feed_follower::load_pending(fibers::steady_time committed)
{
    outcome all = outcome::complete;
    for (auto from = next_to_load(); !from.empty(); from = next_to_load()) {
        auto pages = parts_.source.entries_after(from, page_); // others run
        if (!pages) {
            return pages.error(); // pending_ stays for the next look
        }
        wall_loads_ += from.size();
        std::size_t step = 0;
        for (page& p : *pages) {
            if (append(p, committed) == outcome::overtaken) {
                all = outcome::overtaken;
            }
            for (const entry& e : p.entries) {
                step += e.body ? e.body->size() : 0;
            }
            if (step > bytes_a_step) {
                step = 0;
                parts_.parking.notify();
                boost::this_fiber::yield();
            }
        }
        parts_.parking.notify();
    }
    pending_.clear();
    return all;
}

std::vector<cursor> feed_follower::next_to_load() const
{
    std::vector<cursor> from;
    for (const auto& [wall, newest] : pending_) {
        const auto known = parts_.hash.newest(wall);
        if (known && *known < newest) { // posted() may have raised it as far
            from.push_back({wall, *known});
        }
        if (from.size() == walls_a_read) {
            break;
        }
    }
    return from;
}

feed_follower::outcome feed_follower::append(page& p, fibers::steady_time committed)
{
    const entry_id newest = pending_.at(p.wall);
    const head known = parts_.hash.find(p.wall).value_or(head{p.wall, {}, {}});
    if (known.epoch != p.epoch) {
        pending_.erase(p.wall);
        return outcome::overtaken;
    }
    // Also if there are more, above what the look has seen.
    const bool complete = !p.more || (!p.entries.empty() && p.entries.back().id >= newest);
    // posted() may have handed out some meanwhile.
    std::erase_if(p.entries, [&](const entry& e) { return e.id > newest || e.id <= known.newest; });
    if (!p.entries.empty()) {
        parts_.recent.append(p.wall, p.entries, committed);
        parts_.hash.raise(p.wall, p.entries.back().id);
    }
    if (complete) {
        pending_.erase(p.wall);
        if (parts_.hash.newest(p.wall) < newest && p.newest >= newest) {
            // Entries are missing, and will not come. What is remembered may be of before an edit.
            parts_.recent.forget(p.wall);
            parts_.hash.raise(p.wall, newest);
        }
    }
    return outcome::complete;
}

} // namespace walls
