#include "db/seen_heads.hpp"

#include <tuple>
#include <utility>

namespace db {
namespace {

bool is_evidence(const seen_head& h)
{
    return h.newest != walls::entry_id{0} && h.stamp != 0;
}

} // namespace

bool seen_heads::older_first::operator()(const seen_head& a, const seen_head& b) const
{
    return std::tie(a.stamp, a.wall, a.newest, a.epoch) <
           std::tie(b.stamp, b.wall, b.newest, b.epoch);
}

void seen_heads::add_newest(const seen_head& h)
{
    const std::lock_guard lock(mutex_);
    if (!is_evidence(h)) {
        return;
    }
    heads_.push_back(h);
    if (heads_.size() > most) {
        heads_.pop_front();
    }
}

void seen_heads::add_told(const seen_head& h)
{
    const std::lock_guard lock(mutex_);
    if (!is_evidence(h) || (told_.size() == most && h.stamp < told_.begin()->stamp)) {
        return;
    }
    told_.insert(h);
    if (told_.size() > most) {
        told_.erase(told_.begin());
    }
}

void seen_heads::looked()
{
    const std::lock_guard lock(mutex_);
    told_before_ = std::exchange(told_, {});
}

void seen_heads::add_older(const seen_head& h)
{
    const std::lock_guard lock(mutex_);
    if (is_evidence(h) && heads_.size() < most) {
        heads_.push_front(h);
    }
}

void seen_heads::forget(walls::wall_id wall)
{
    const std::lock_guard lock(mutex_);
    const auto of_it = [wall](const seen_head& h) { return h.wall == wall; };
    std::erase_if(heads_, of_it);
    std::erase_if(told_, of_it);
    std::erase_if(told_before_, of_it);
}

void seen_heads::forget_all()
{
    const std::lock_guard lock(mutex_);
    heads_.clear();
    told_.clear();
    told_before_.clear();
}

std::vector<seen_head> seen_heads::all() const
{
    const std::lock_guard lock(mutex_);
    std::vector<seen_head> all(heads_.begin(), heads_.end());
    all.insert(all.end(), told_.begin(), told_.end());
    all.insert(all.end(), told_before_.begin(), told_before_.end());
    return all;
}

} // namespace db
