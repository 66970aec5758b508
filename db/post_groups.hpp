// Posts on their way into the database, a group of each wall at a time: while one group is being
// committed, the next posts for that wall wait and become the next group. A hot wall takes many
// posts a commit, a lone post waits for nobody, and a wall never has more than one worker, however
// many post there. Fibers of one thread only.
#pragma once

#include "db/store.hpp"
#include "fibers/batcher.hpp"

#include <cstddef>
#include <unordered_map>

namespace db {

class post_groups {
public:
    static constexpr std::size_t largest_group = 100;

    // Beyond `max_waiting` posts under way: trouble_kind::overloaded.
    post_groups(store& s, std::size_t max_waiting);

    // As store::add_post; blocks only the calling fiber. The fibers of a group go on in its order.
    result<post_outcome> add(new_post post);

    std::size_t under_way() const { return under_way_; }

private:
    struct group {
        explicit group(store& s);
        fibers::batcher<new_post, result<post_outcome>> posts;
        std::size_t users = 0; // fibers in add()
    };

    store& store_;
    const std::size_t max_waiting_;
    std::size_t under_way_ = 0;
    std::unordered_map<std::int64_t, group> walls_; // those that somebody is posting to
};

} // namespace db
