// The feed on PostgreSQL. Internal to db/.
#pragma once

#include "db/feed.hpp"
#include "db/look.hpp"
#include "db/pools.hpp"
#include "db/reads.hpp"

namespace db {

class postgres_feed final : public feed {
public:
    postgres_feed(pools& over, db::look& l, reads& r)
        : pools_(over)
        , look_(l)
        , older_(l, r)
    {
    }

    result<walls::changes> look(std::span<const walls::wall_id> also) override;
    result<std::vector<walls::page>> entries_after(std::span<const walls::cursor> cursors,
                                                   const walls::page_limits& most) override;
    walls::entry_source& older_entries() override { return older_; }

private:
    class older final : public walls::entry_source {
    public:
        older(db::look& l, reads& r)
            : look_(l)
            , reads_(r)
        {
        }
        result<std::vector<walls::page>> entries_after(std::span<const walls::cursor> cursors,
                                                       const walls::page_limits& most) override;

    private:
        db::look& look_;
        reads& reads_;
    };

    pools& pools_;
    db::look& look_;
    older older_;
};

} // namespace db
