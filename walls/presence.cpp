#include "walls/presence.hpp"

#include <algorithm>

namespace walls {

void presence::enter(parked& poll)
{
    auto& list = users_[poll.user()];
    if (!list) {
        list = std::make_unique<poll_list>();
    }
    list->push_back(poll);
    if (users_.size() > forget_at_) {
        forget_absent();
    }
}

void presence::leave(parked& poll)
{
    if (static_cast<user_hook&>(poll).is_linked()) {
        static_cast<user_hook&>(poll).unlink();
    }
}

void presence::wake(user_id user, woken why)
{
    const auto it = users_.find(user);
    if (it == users_.end()) {
        return;
    }
    for (parked& poll : *it->second) {
        poll.wake(why);
    }
}

std::size_t presence::make_room(user_id user, std::size_t most)
{
    const auto it = users_.find(user);
    if (it == users_.end()) {
        return 0;
    }
    // Those that were woken stay in the list until their fibers run.
    const auto asleep = [](const parked& p) { return p.asleep(); };
    auto now = static_cast<std::size_t>(std::ranges::count_if(*it->second, asleep));
    std::size_t ended = 0;
    for (auto poll = it->second->begin(); now >= most && poll != it->second->end(); ++poll) {
        if (poll->asleep()) {
            poll->wake(woken::timed_out);
            --now;
            ++ended;
        }
    }
    return ended;
}

void presence::wake_all(woken why)
{
    for (auto& [user, list] : users_) {
        for (parked& poll : *list) {
            poll.wake(why);
        }
    }
}

// A user without parked polls costs an empty list until the map has doubled; then all such go at
// once.
void presence::forget_absent()
{
    boost::unordered::erase_if(users_, [](const auto& u) { return u.second->empty(); });
    forget_at_ = std::max<std::size_t>(1024, users_.size() * 2);
}

} // namespace walls
