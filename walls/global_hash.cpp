#include "walls/global_hash.hpp"

namespace walls {

std::optional<head> global_hash::find(wall_id wall) const
{
    const auto it = walls_.find(wall);
    return it == walls_.end() ? std::nullopt
                              : std::optional(head{wall, it->second->newest, it->second->epoch});
}

std::optional<entry_id> global_hash::newest(wall_id wall) const
{
    const auto it = walls_.find(wall);
    return it == walls_.end() ? std::nullopt : std::optional(it->second->newest);
}

global_hash::state& global_hash::at(wall_id wall)
{
    auto& place = walls_[wall];
    if (!place) {
        place = std::make_unique<state>();
    }
    return *place;
}

void global_hash::changed(state& s)
{
    if (!s.watches.empty() && !s.is_linked()) {
        changed_.push_back(s);
    }
}

void global_hash::raise(wall_id wall, entry_id newest)
{
    state& s = at(wall);
    if (newest > s.newest) {
        s.newest = newest;
        changed(s);
    }
}

void global_hash::replace(const head& h)
{
    state& s = at(h.wall);
    s.newest = h.newest;
    s.epoch = h.epoch;
    changed(s);
}

bool global_hash::someone_behind(const state& s)
{
    if (s.watches.empty()) {
        return false;
    }
    const cursor& seen = s.watches.front().seen;
    return seen.last != s.newest || !goes_on(seen, s.newest, s.epoch);
}

void global_hash::enter(parked& poll)
{
    for (watch& w : poll.watches()) {
        at(w.seen.wall).watches.push_back(w);
    }
}

bool global_hash::look(std::size_t most)
{
    while (!changed_.empty()) {
        state& s = changed_.front();
        while (someone_behind(s)) {
            if (most == 0) {
                return true;
            }
            --most;
            watch& behind = s.watches.front();
            s.watches.pop_front();
            behind.poll->wake(woken::risen);
        }
        changed_.pop_front();
    }
    return false;
}

void global_hash::look_at_all()
{
    for (auto& [wall, s] : walls_) {
        if (someone_behind(*s)) {
            changed(*s);
        }
    }
}

void global_hash::wake(wall_id wall, woken why)
{
    const auto it = walls_.find(wall);
    if (it == walls_.end()) {
        return;
    }
    for (watch& w : it->second->watches) {
        w.poll->wake(why);
    }
}

bool global_hash::watched(wall_id wall) const
{
    const auto it = walls_.find(wall);
    return it != walls_.end() && !it->second->watches.empty();
}

std::vector<wall_id> global_hash::watched() const
{
    std::vector<wall_id> all;
    for (const auto& [wall, s] : walls_) {
        if (!s->watches.empty()) {
            all.push_back(wall);
        }
    }
    return all;
}

void global_hash::forget_unwatched()
{
    boost::unordered::erase_if(walls_,
                               [](const auto& place) { return place.second->watches.empty(); });
}

} // namespace walls
