#include "db/postgres_feed.hpp"

#include "db/queries.hpp"

namespace db {

result<walls::changes> postgres_feed::look(std::span<const walls::wall_id> also)
{
    return pools_.look.read(call::look, fibers::nobody,
                            [&](connection& conn) { return look_.take(conn, also); });
}

result<std::vector<walls::page>>
postgres_feed::entries_after(std::span<const walls::cursor> cursors, const walls::page_limits& most)
{
    if (cursors.empty()) {
        return std::vector<walls::page>{};
    }
    return pools_.look.read(call::entries, fibers::nobody, [&](connection& conn) {
        return db::entries_after(conn, cursors, most, look_.seen());
    });
}

result<std::vector<walls::page>>
postgres_feed::older::entries_after(std::span<const walls::cursor> cursors,
                                    const walls::page_limits& most)
{
    if (cursors.empty()) {
        return std::vector<walls::page>{};
    }
    return reads_.ask(call::backlog, fibers::nobody, [&](connection& conn) {
        return db::entries_after(conn, cursors, most, look_.seen());
    });
}

} // namespace db
