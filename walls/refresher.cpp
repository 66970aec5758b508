#include "walls/refresher.hpp"

#include <boost/fiber/operations.hpp>

#include <algorithm>
#include <mutex>
#include <utility>

namespace walls {

using std::chrono::steady_clock;

namespace {
constexpr std::size_t walls_a_read = 1000;
// Text that is written without a break: the others run after it.
constexpr std::size_t bytes_a_step = std::size_t{64} * 1024;
} // namespace

refresher::refresher(const parts& p, const settings& s)
    : parts_(p)
    , settings_(s)
{
}

bool refresher::fresh() const
{
    return fresh_ && idle_periods_ == parts_.presence.idle_periods() &&
           steady_clock::now() - *fresh_ <= settings_.period;
}

bool refresher::looks_succeed(fibers::steady_time now) const
{
    // Twice the period: a look that takes a moment longer is not a failure. But looks that are rare
    // do not vouch for what happened since.
    constexpr fibers::steady_time::duration longest = std::chrono::seconds(5);
    return fresh_ &&
           now - *fresh_ <= std::min(2 * fibers::steady_time::duration(settings_.period), longest);
}

void refresher::hint()
{
    if (!hinted_) {
        hinted_ = true;
        wake_up_.notify_one();
    }
}

void refresher::stop()
{
    stopping_ = true;
    wake_up_.notify_one();
}

void refresher::hints_arrive(bool yes)
{
    hints_arrive_ = yes;
    hint(); // for those that were missed before
}

fibers::steady_time::duration refresher::period() const
{
    const fibers::steady_time::duration whole = settings_.period;
    return hints_arrive_ ? whole : whole / 2;
}

void refresher::posted(const own_entry& own)
{
    const auto known = parts_.hash.find(own.wall);
    if (!own.access_changed && own.outdated == parts_.recent.outdated() && known &&
        own.epoch == known->epoch && number(known->newest) + 1 == number(own.what.id)) {
        parts_.recent.append(own.wall, {&own.what, 1});
        parts_.hash.raise(own.wall, own.what.id);
        if (asking_) {
            raised_.insert(own.wall);
        }
        parts_.parking.notify();
    } else {
        hint();
    }
}

void refresher::posting_failed(const db_error& t)
{
    const bool sent = t.kind != db_error_kind::overloaded && t.kind != db_error_kind::too_many;
    if (sent) {
        hint();
    }
}

// A cursor above the known number, or of another epoch, is a client that was told by somebody who
// knows more: the database, of a backlog, or another server. Only if it does not fit after a look
// either, it is of another history.
bool refresher::fits(const cursor& c) const
{
    const auto known = parts_.hash.find(c.wall);
    return known && goes_on(c, known->newest, known->epoch);
}

result<void> refresher::catch_up(std::span<const cursor> local, fibers::steady_time read_at)
{
    if (resting_) {
        resting_ = false;
        wake_up_.notify_one();
    }
    const auto known = [this, younger = fresh_ && *fresh_ < read_at](const cursor& c) {
        const bool says_epoch = c.last != entry_id{0} && c.epoch != wall_epoch{0};
        return fits(c) && (says_epoch || !younger);
    };
    if (fresh() && std::all_of(local.begin(), local.end(), known)) {
        return {};
    }
    return wait_for_look(local, false);
}

result<void> refresher::look_again(std::span<const cursor> local)
{
    return wait_for_look(local, true);
}

result<void> refresher::wait_for_look(std::span<const cursor> local, bool ask)
{
    if (stopping_) {
        return db_error{db_error_kind::unavailable, "stopping"};
    }
    waiting me{local, ask, {}, {}};
    waiting_.push_back(&me);
    wake_up_.notify_one();
    me.done.sleep();
    return me.outcome;
}

fibers::steady_time refresher::next_look() const
{
    if (!waiting_.empty()) {
        return fibers::steady_time::min();
    }
    if (parts_.presence.clients() == 0) {
        return fibers::steady_time::max();
    }
    return began_ + (hinted_ ? settings_.hint_gap : period());
}

void refresher::run()
{
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const auto due = next_look();
        if (due > steady_clock::now()) {
            // A client that connects calls catch_up(), which wakes this job if nobody was here; one
            // look at the clock a period is enough otherwise.
            resting_ = due == fibers::steady_time::max();
            wake_up_.wait_until(lock, std::min(due, steady_clock::now() + settings_.period));
            continue;
        }
        std::vector<waiting*> askers;
        askers.swap(waiting_);
        hinted_ = false;
        began_ = steady_clock::now();
        const auto idle_periods = parts_.presence.idle_periods();
        const auto outcome = look(askers);
        ++looks_;
        if (outcome) {
            fresh_ = began_;
            idle_periods_ = idle_periods;
        }
        if (outcome) {
            on_look(nullptr);
        } else {
            const db_error why = outcome.error();
            on_look(&why);
        }
        for (waiting* asker : askers) {
            asker->outcome = outcome;
            asker->done.wake();
        }
    }
    for (waiting* asker : waiting_) {
        asker->outcome = db_error{db_error_kind::unavailable, "stopping"};
        asker->done.wake();
    }
    waiting_.clear();
}

result<void> refresher::look(std::span<waiting* const> askers)
{
    std::vector<wall_id> also;
    for (const waiting* asker : askers) {
        for (const cursor& c : asker->local) {
            if (asker->ask || !fits(c)) {
                also.push_back(c.wall);
            }
        }
    }
    std::sort(also.begin(), also.end());
    also.erase(std::unique(also.begin(), also.end()), also.end());

    const auto sent = steady_clock::now();
    auto found = ask_source(also);
    if (!found) {
        return found.error();
    }
    compare_clocks(*found, sent);
    apply_access(*found);
    relearn_ = relearn_ || found->forget_everything;
    apply_heads(*found, also);
    if (relearn_) {
        if (auto learned = relearn(askers); !learned) {
            return learned;
        }
        relearn_ = false;
    }
    return load_pending();
}

result<changes> refresher::ask_source(std::span<const wall_id> also)
{
    raised_.clear();
    asking_ = true;
    auto found = parts_.source.look(also);
    asking_ = false;
    return found;
}

void refresher::compare_clocks(const changes& c, fibers::steady_time sent)
{
    const auto now = steady_clock::now();
    if (c.now) {
        if (const auto by = database_clock_.jumped(*c.now, sent, now)) {
            parts_.access.forget_all();
            parts_.presence.wake_all(woken::access_changed);
            on_clock_set(clock::database, *by);
        }
    }
    const auto time_of_day =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    if (const auto by = host_clock_.jumped(time_of_day, now, now)) {
        on_clock_set(clock::host, *by);
    }
}

// Before any entry is handed out: whoever lost a wall in this look must not be given its entries by
// this look.
void refresher::apply_access(const changes& c)
{
    access_known_ = c.position;
    if (c.forget_everything) {
        parts_.access.forget_all();
        parts_.presence.wake_all(woken::access_changed);
        return;
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

// The database may have been restored: numbers may have fallen, and texts may differ.
result<void> refresher::relearn(std::span<waiting* const> askers)
{
    parts_.recent.forget_all();
    pending_.clear();
    parts_.hash.forget_unwatched();
    auto wanted = parts_.hash.watched();
    // Forgotten just now, too, and their askers rely on finding them.
    for (const waiting* asker : askers) {
        for (const cursor& c : asker->local) {
            wanted.push_back(c.wall);
        }
    }
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    if (wanted.empty()) {
        return {};
    }
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

void refresher::apply_heads(const changes& c, std::span<const wall_id> asked)
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

void refresher::apply(const head& h, bool asked)
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

void refresher::begin_anew(const head& h)
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
result<void> refresher::load_pending()
{
    while (!pending_.empty()) {
        std::vector<cursor> from;
        for (const auto& [wall, newest] : pending_) {
            if (from.size() == walls_a_read) {
                break;
            }
            const auto known = parts_.hash.newest(wall);
            if (known && *known < newest) {
                from.push_back({wall, *known});
            }
        }
        if (from.empty()) {
            pending_.clear();
            return {};
        }
        auto pages = parts_.source.entries_after(from, settings_.page);
        if (!pages) {
            return pages.error(); // pending_ stays for the next look
        }
        wall_loads_ += from.size();
        std::size_t step = 0;
        for (page& p : *pages) {
            const entry_id newest = pending_.at(p.wall);
            if (const auto now = parts_.hash.find(p.wall); !now || now->epoch != p.epoch) {
                pending_.erase(p.wall);
                hint(); // another history has begun since the look
                continue;
            }
            // posted() may have handed out some meanwhile.
            entry_id known = parts_.hash.newest(p.wall).value_or(entry_id{0});
            std::erase_if(p.entries, [newest, known](const entry& e) {
                return e.id > newest || e.id <= known;
            });
            if (!p.entries.empty()) {
                known = p.entries.back().id;
                parts_.recent.append(p.wall, p.entries);
                parts_.hash.raise(p.wall, known);
            }
            if (!p.more || known >= newest) {
                pending_.erase(p.wall);
            }
            if (!p.more && known < newest && p.newest >= newest) {
                parts_.recent.forget(p.wall);
                parts_.hash.raise(p.wall, newest); // entries are missing, and will not come
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
    return {};
}

} // namespace walls
