#include "db/post_groups.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace db {

post_groups::post_groups(posts& into, std::size_t at_once, std::size_t max_waiting)
    : posts_(into)
    , at_once_(at_once)
    , max_waiting_(max_waiting)
{
}

answer<written_entry> post_groups::add(new_post post)
{
    if (under_way_ >= max_waiting_) {
        return walls::db_error{walls::db_error_kind::overloaded, "too many posts are waiting"};
    }
    waiting mine{std::move(post), {}, {}};
    queue_.push_back(&mine);
    ++under_way_;
    // Whoever finds a connection free posts for all that wait, not only for itself.
    while (!mine.told) {
        if (!post_some()) {
            mine.turn.sleep();
        }
    }
    --under_way_;
    return std::move(*mine.told);
}

bool post_groups::post_some()
{
    if (groups_ >= at_once_) {
        return false;
    }
    const auto group = next_group();
    if (group.empty()) {
        return false;
    }
    auto answers = commit(group); // other fibers run meanwhile
    for (std::size_t i = 0; i < group.size(); ++i) {
        group[i]->told = std::move(answers[i]);
        group[i]->turn.wake();
    }
    // The next group is for the first of those that sleep; the others are posting for somebody.
    const auto next = std::find_if(queue_.begin(), queue_.end(),
                                   [](const waiting* w) { return w->turn.asleep(); });
    if (next != queue_.end()) {
        (*next)->turn.wake();
    }
    return true;
}

// The oldest that wait, except those of walls that have enough groups under way. First one of each
// user, then a share of each, then whoever still fits: who posts hundreds at a time, or large
// texts, keeps no post of somebody else from the next group, and a lone one fills it.
std::vector<post_groups::waiting*> post_groups::next_group()
{
    std::vector<bool> taken(queue_.size());
    std::size_t posts = 0;
    std::size_t bytes = 0;
    bool full = false;
    std::optional<walls::wall_id> first; // wall
    std::unordered_map<walls::user_id, std::size_t> of_user;
    const auto takes = [&](const waiting* w) {
        const auto wall = w->post.wall;
        const auto busy = of_wall_.find(wall);
        if (slow_.contains(wall)) {
            return busy == of_wall_.end() && (!first || *first == wall);
        }
        return (busy == of_wall_.end() || busy->second < groups_of_a_wall) &&
               (!first || !slow_.contains(*first));
    };
    for (const std::size_t share : {std::size_t{1}, share_of_a_user, largest_group}) {
        for (std::size_t i = 0; i < queue_.size() && !full; ++i) {
            const waiting* w = queue_[i];
            auto& theirs = of_user[w->post.author.user];
            if (taken[i] || theirs >= share || !takes(w)) {
                continue;
            }
            // No smaller one is looked for: a user's posts stay in their order.
            full = posts == largest_group ||
                   (posts > 0 && bytes + w->post.body.size() > largest_bytes);
            if (full) {
                break;
            }
            taken[i] = true;
            ++posts;
            ++theirs;
            bytes += w->post.body.size();
            first = first.value_or(w->post.wall);
        }
    }
    std::vector<waiting*> group; // in the order of the queue
    std::size_t place = 0;
    std::erase_if(queue_, [&](waiting* w) {
        const bool goes = taken[place++];
        if (goes) {
            group.push_back(w);
        }
        return goes;
    });
    return group;
}

std::vector<answer<written_entry>> post_groups::commit(const std::vector<waiting*>& group)
{
    std::vector<new_post> posts;
    std::set<walls::wall_id> walls;
    for (const waiting* w : group) {
        posts.push_back(w->post);
        walls.insert(w->post.wall);
    }
    ++groups_;
    for (const auto wall : walls) {
        ++of_wall_[wall];
    }
    std::vector<answer<written_entry>> answers;
    try {
        answers = posts_.add_posts(posts);
    } catch (const std::exception& e) { // out of memory; nobody must wait for ever for that
        answers.assign(posts.size(), walls::db_error{walls::db_error_kind::unavailable, e.what()});
    }
    --groups_;
    for (const auto wall : walls) {
        if (--of_wall_[wall] == 0) {
            of_wall_.erase(wall);
        }
        slow_.erase(wall);
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
        const auto error = error_of(answers[i]);
        if (error && error->kind == walls::db_error_kind::timed_out) {
            slow_.insert(group[i]->post.wall);
        }
    }
    return answers;
}

} // namespace db
