#include "db/seen_heads.hpp"

#include "db/link.hpp"
#include "db/rows.hpp"

namespace db {

void seen_heads::add_newest(const seen_head& h)
{
    if (h.newest == walls::entry_id{0} || h.stamp == 0) {
        return;
    }
    const std::lock_guard lock(mutex_);
    heads_.push_back(h);
    if (heads_.size() > most) {
        heads_.pop_front();
    }
}

void seen_heads::add_older(const seen_head& h)
{
    if (h.newest == walls::entry_id{0} || h.stamp == 0) {
        return;
    }
    const std::lock_guard lock(mutex_);
    if (heads_.size() < most) {
        heads_.push_front(h);
    }
}

void seen_heads::forget(walls::wall_id wall)
{
    const std::lock_guard lock(mutex_);
    std::erase_if(heads_, [wall](const seen_head& h) { return h.wall == wall; });
}

void seen_heads::forget_all()
{
    const std::lock_guard lock(mutex_);
    heads_.clear();
}

std::vector<seen_head> seen_heads::all() const
{
    const std::lock_guard lock(mutex_);
    return {heads_.begin(), heads_.end()};
}

bool lost_entries(link& l, std::span<const seen_head> seen)
{
    // Removed by hand, an entry below the head is no evidence either: null <> stamp.
    static constexpr char sql[] =
        "select exists (select from unnest($1::bigint[], $2::bigint[], $3::bigint[], "
        "$4::bigint[]) s(wall_id, epoch, newest, stamp) "
        "cross join lateral (select o.last_entry, o.stamp from pollster.heads o "
        "where o.wall_id = s.wall_id and o.epoch = s.epoch offset 0) h "
        "left join lateral (select o.created_at from pollster.entries o "
        "where o.wall_id = s.wall_id and o.id = s.newest offset 0) e on true "
        "where h.last_entry < s.newest or s.stamp <> case when h.last_entry = s.newest "
        "then h.stamp else pollster.stamp(e.created_at) end)";

    if (seen.empty()) {
        return false;
    }
    return l
        .exec(sql, bigints(seen, [](const auto& h) { return number(h.wall); }),
              bigints(seen, [](const auto& h) { return h.epoch; }),
              bigints(seen, [](const auto& h) { return number(h.newest); }),
              bigints(seen, [](const auto& h) { return h.stamp; }))[0][0]
        .as<bool>();
}

} // namespace db
