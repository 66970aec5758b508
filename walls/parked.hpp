// A poll that waits for news: what it waits for, and the fiber to wake. Thread of the event loop
// only. It lives on the stack of the fiber that it parks, in the one page of it that is touched
// anyway: 504 bytes there, and 48 on the heap for each wall of a poll that waits for more than 8.
#pragma once

#include "fibers/sleeper.hpp"
#include "fibers/timer_wheel.hpp"
#include "walls/sources.hpp"

#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list.hpp>

#include <span>

namespace walls {

// Why a parked poll goes on. The first reason wins.
enum class woken : std::uint8_t {
    not_yet,
    risen,          // a wall has other entries than the poll has seen
    timed_out,      // its time is up
    gone,           // the peer left or aborted
    access_changed, // the user's sessions, memberships or name: ask again who this is
    stopping,       // the server stops: answer and end
};

using auto_unlinked = boost::intrusive::link_mode<boost::intrusive::auto_unlink>;

class parked;

// One wall that a parked poll waits for; a place in that wall's list in the global hash.
struct watch : boost::intrusive::list_base_hook<auto_unlinked> {
    parked* poll = nullptr;
    cursor seen;
};

// The place among the parked polls of a user.
using user_hook =
    boost::intrusive::list_base_hook<auto_unlinked, boost::intrusive::tag<struct by_user>>;

class parked : public fibers::timer, public user_hook {
public:
    // `seen`: the local hash, one watch for each.
    parked(user_id user, std::span<const cursor> seen);
    parked(const parked&) = delete; // the lists that it stands in hold its address
    parked& operator=(const parked&) = delete;

    user_id user() const { return user_; }
    std::span<watch> watches() { return watches_; }

    void wake(woken why);
    bool asleep() const { return why_ == woken::not_yet; } // of a parked one: not woken yet
    woken sleep(); // suspends the calling fiber until wake(); returns the reason and forgets it

    void on_time() override { wake(woken::timed_out); }

private:
    fibers::sleeper sleeper_;
    boost::container::small_vector<watch, 8> watches_;
    user_id user_;
    woken why_ = woken::not_yet;
};

} // namespace walls
