#include "walls/presence.hpp"

#include <algorithm>

namespace walls {

void presence::enter(parked& poll)
{
    auto& polls = users_[poll.user()];
    if (!polls) {
        polls = std::make_unique<user_polls>();
    }
    polls->list.push_back(poll);
    ++polls->at_most;
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
    for (parked& poll : it->second->list) {
        poll.wake(why);
    }
}

std::size_t presence::make_room(user_id user, std::size_t most)
{
    const auto it = users_.find(user);
    if (it == users_.end() || it->second->at_most < most) {
        return 0;
    }
    auto& [list, at_most] = *it->second;
    // Those that were woken stay in the list until their fibers run.
    const auto asleep = [](const parked& p) { return p.asleep(); };
    at_most = static_cast<std::size_t>(std::ranges::count_if(list, asleep));
    std::size_t ended = 0;
    for (auto poll = list.begin(); at_most >= most && poll != list.end(); ++poll) {
        if (poll->asleep()) {
            poll->wake(woken::timed_out);
            --at_most;
            ++ended;
        }
    }
    return ended;
}

void presence::wake_all(woken why)
{
    for (auto& [user, polls] : users_) {
        for (parked& poll : polls->list) {
            poll.wake(why);
        }
    }
}

// A user without parked polls costs an empty list until the map has doubled; then all such go at
// once.
void presence::forget_absent()
{
    boost::unordered::erase_if(users_, [](const auto& u) { return u.second->list.empty(); });
    forget_at_ = std::max<std::size_t>(1024, users_.size() * 2);
}

} // namespace walls
