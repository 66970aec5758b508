#include "walls/refresher.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace walls {

using std::chrono::steady_clock;

refresher::refresher(const parts& p, const settings& s)
    : hash_(p.hash)
    , presence_(p.presence)
    , feed_(p, s.page)
    , settings_(s)
{
}

void refresher::change(const settings& s)
{
    settings_ = s;
    feed_.change(s.page);
    wake_up_.notify_one(); // it may wait for longer than it should now
}

bool refresher::fresh() const
{
    return report_.succeeded && idle_periods_ == presence_.idle_periods() &&
           steady_clock::now() - *report_.succeeded <= settings_.period;
}

bool refresher::looks_succeed(fibers::steady_time now) const
{
    // Twice the period: a look that takes a moment longer is not a failure. But looks that are rare
    // do not vouch for what happened since.
    constexpr fibers::steady_time::duration longest = std::chrono::seconds(5);
    constexpr fibers::steady_time::duration alone = std::chrono::seconds(1);
    const fibers::steady_time::duration period = settings_.period;
    const auto holds =
        presence_.clients() == 0 ? std::min(period, alone) : std::min(2 * period, longest);
    return report_.succeeded && idle_periods_ == presence_.idle_periods() &&
           now - *report_.succeeded <= holds;
}

void refresher::hint()
{
    if (!hinted_) {
        hinted_ = steady_clock::now();
    }
    wake_up_.notify_one();
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
    constexpr fibers::steady_time::duration unannounced = std::chrono::seconds(1);
    const fibers::steady_time::duration whole = settings_.period;
    const auto usual = hints_arrive_ ? whole : whole / 2;
    return feed_.others_unaware() || began_ < doubtful_until_ ? std::min(usual, unannounced)
                                                              : usual;
}

void refresher::posted(const own_entry& own)
{
    if (!feed_.posted(own)) {
        hint();
    }
}

void refresher::posting_failed(const db_error& t)
{
    const bool sent = t.kind != db_error_kind::overloaded && t.kind != db_error_kind::too_many;
    if (sent) {
        constexpr auto longest_commit = std::chrono::seconds(10);
        doubtful_until_ = steady_clock::now() + longest_commit;
        hint();
    }
}

// A cursor above the known number, or of another epoch, is a client that was told by somebody who
// knows more: the database, of a backlog, or another server. Only if it does not fit after a look
// either, it is of another history.
bool refresher::fits(const cursor& c) const
{
    const auto known = hash_.find(c.wall);
    return known && goes_on(c, known->newest, known->epoch);
}

result<void> refresher::catch_up(std::span<const cursor> local, fibers::steady_time read_at)
{
    if (resting_) {
        wake_up_.notify_one();
    }
    const auto known = [this, younger = report_.succeeded &&
                                        *report_.succeeded < read_at](const cursor& c) {
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
    if (presence_.clients() == 0) {
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
            // A client that connects calls catch_up(), which wakes this job if nobody was here.
            resting_ = due == fibers::steady_time::max();
            wake_up_.wait_until(lock, due);
            continue;
        }
        std::vector<waiting*> askers;
        askers.swap(waiting_);
        began_ = steady_clock::now();
        const auto committed = std::exchange(hinted_, std::nullopt).value_or(began_);
        const auto idle_periods = presence_.idle_periods();
        report_.under_way = began_;
        const auto outcome = look(askers, committed);
        report_.under_way.reset();
        report_.ended = steady_clock::now();
        if (outcome) {
            ++report_.looks;
            report_.succeeded = began_;
            report_.error.reset();
            idle_periods_ = idle_periods;
            on_look(nullptr);
        } else {
            ++report_.failed;
            report_.error = outcome.error();
            on_look(&*report_.error);
        }
        for (waiting* asker : askers) {
            asker->outcome = outcome;
            asker->done.wake();
        }
    }
    for (waiting* asker : std::exchange(waiting_, {})) {
        asker->outcome = db_error{db_error_kind::unavailable, "stopping"};
        asker->done.wake();
    }
}

result<void> refresher::look(std::span<waiting* const> askers, fibers::steady_time committed)
{
    feed_follower::asked_for asked;
    for (const waiting* asker : askers) {
        for (const cursor& c : asker->local) {
            asked.relied.push_back(c.wall);
            if (asker->ask || !fits(c)) {
                asked.now.push_back(c.wall);
            }
        }
    }
    const auto found = feed_.look(std::move(asked), committed);
    if (!found) {
        return found.error();
    }
    if (*found == feed_follower::outcome::overtaken) {
        hint();
    }
    return {};
}

} // namespace walls
