#include "walls/parked.hpp"

namespace walls {

parked::parked(user_id user, std::span<const cursor> seen)
    : watches_(seen.size())
    , user_(user)
{
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
