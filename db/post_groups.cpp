#include "db/post_groups.hpp"

#include <utility>

namespace db {

post_groups::group::group(store& s)
    : posts(largest_group, [&s](std::span<const new_post> waiting) { return s.add_posts(waiting); })
{
}

post_groups::post_groups(store& s, std::size_t max_waiting)
    : store_(s)
    , max_waiting_(max_waiting)
{
}

result<post_outcome> post_groups::add(new_post post)
{
    if (under_way_ >= max_waiting_) {
        return walls::trouble{walls::trouble_kind::overloaded, "too many posts are waiting"};
    }
    const auto wall = number(post.wall);
    auto& mine = walls_.try_emplace(wall, store_).first->second; // stays where it is
    ++under_way_;
    ++mine.users;
    auto outcome = mine.posts.ask(std::move(post));
    --under_way_;
    if (--mine.users == 0) {
        walls_.erase(wall);
    }
    return outcome;
}

} // namespace db
