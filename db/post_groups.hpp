// Posts on their way into the database, in groups: posts that arrive while others are being
// committed wait and become the next group, whatever their walls. One flush of the disk serves
// many, and a lone post waits for nobody. Fibers of one thread only.
#pragma once

#include "db/posts.hpp"
#include "fibers/sleeper.hpp"

#include <cstddef>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace db {

class post_groups {
public:
    static constexpr std::size_t largest_group = 100;
    static constexpr std::size_t largest_bytes = std::size_t{1} << 20U; // of bodies
    static constexpr std::size_t share_of_a_user = 25;                  // while others wait
    // The second group of a wall gets ready while the first is committed: the wall's head is taken
    // late (migration posts_in_groups). A third would only occupy a connection.
    static constexpr std::size_t groups_of_a_wall = 2;

    // At most `at_once` groups are committed at the same time, each on a connection for posts.
    // Beyond `max_waiting` posts: db_error_kind::overloaded.
    post_groups(posts& into, std::size_t at_once, std::size_t max_waiting);

    // As posts::add_post(); blocks only the calling fiber. The fibers of a group go on in its
    // order.
    answer<written_entry> add(new_post post);

    std::size_t under_way() const { return under_way_; } // posts
    // Is a group under way that has posts for that wall?
    bool posts_to(walls::wall_id wall) const { return of_wall_.contains(wall); }

private:
    struct waiting {
        new_post post;
        std::optional<answer<written_entry>> told;
        fibers::sleeper turn;
    };

    bool post_some();
    std::vector<waiting*> next_group();
    std::vector<answer<written_entry>> commit(const std::vector<waiting*>& group);

    posts& posts_;
    const std::size_t at_once_;
    const std::size_t max_waiting_;
    std::size_t under_way_ = 0;
    std::size_t groups_ = 0;                                  // under way
    std::vector<waiting*> queue_;                             // not in a group yet
    std::unordered_map<walls::wall_id, std::size_t> of_wall_; // groups under way
    // Walls whose last group timed out, most likely because somebody else holds a lock there. They
    // get groups of their own, so that other walls do not time out with them again.
    std::unordered_set<walls::wall_id> slow_;
};

} // namespace db
