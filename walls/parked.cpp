#include "walls/parked.hpp"

namespace walls {

parked::parked(user_id user, std::span<const cursor> seen)
    : user_(user)
{
    wait_for(seen);
}

void parked::wait_for(std::span<const cursor> seen)
{
    watches_ = std::make_unique<watch[]>(seen.size());
    count_ = static_cast<std::uint32_t>(seen.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
        watches_[i].poll = this;
        watches_[i].seen = seen[i];
    }
}

void parked::wake(woken why)
{
    if (why_ == woken::not_yet) {
        why_ = why;
        sleeper_.wake();
    }
}

woken parked::sleep()
{
    sleeper_.sleep();
    return std::exchange(why_, woken::not_yet);
}

} // namespace walls
