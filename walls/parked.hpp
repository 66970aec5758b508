// A poll that waits for news: what it waits for, and the fiber to wake. Thread of the event loop
// only. Memory counts here, a million of these at a time: 144 bytes and 40 for each wall.
#pragma once

#include "fibers/sleeper.hpp"
#include "fibers/timer_wheel.hpp"
#include "walls/sources.hpp"

#include <boost/intrusive/list.hpp>

#include <memory>
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

    user_id user() const { return user_; }
    std::span<watch> watches() { return {watches_.get(), count_}; }

    void wait_for(std::span<const cursor> seen); // instead; not while parked

    void wake(woken why);
    woken sleep(); // suspends the calling fiber until wake(); returns the reason and forgets it

    void on_time() override { wake(woken::timed_out); }

private:
    fibers::sleeper sleeper_;
    std::unique_ptr<watch[]> watches_; // not a vector: 16 bytes less
    user_id user_;
    std::uint32_t count_ = 0;
    woken why_ = woken::not_yet;
};

} // namespace walls
