// Posts on PostgreSQL. Internal to db/.
#pragma once

#include "db/look.hpp"
#include "db/pools.hpp"
#include "db/posts.hpp"
#include "db/reads.hpp"

#include <cstddef>

namespace db {

class postgres_posts final : public posts {
public:
    // `page_bytes`: as settings has it.
    postgres_posts(pools& over, look& l, reads& r, std::size_t page_bytes)
        : pools_(over)
        , look_(l)
        , reads_(r)
        , page_bytes_(page_bytes)
    {
    }

    answer<std::vector<wall_summary>> walls_of(const reader& asker) override;
    answer<std::vector<wall_summary>> walls_read(const reader& asker,
                                                 std::span<const walls::wall_id> walls) override;
    answer<history> posts_before(const reader& asker, walls::wall_id wall,
                                 std::optional<walls::entry_id> before, std::size_t limit) override;
    answer<history> search(const reader& asker, const search_query& wanted) override;
    answer<std::int64_t> mark_read(const reader& asker, walls::wall_id wall,
                                   walls::entry_id entry) override;
    std::vector<answer<written_entry>> add_posts(std::span<const new_post> group) override;
    answer<written_entry> change_post(const post_change& change) override;
    result<std::size_t> clean_up() override;

private:
    pools& pools_;
    look& look_;
    reads& reads_;
    const std::size_t page_bytes_;
};

} // namespace db
