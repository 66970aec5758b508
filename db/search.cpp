#include "db/queries.hpp"
#include "db/rows.hpp"
#include "db/token.hpp"

#include <algorithm>
#include <string>

namespace db {

// The newest posts that say this, as history shows them; migration 0015 says how they are found.
// Pages follow the order of the posts' own ids, which for posts of different transactions may
// differ from the order of the entries: a page goes on below the post of the entry `before`.
answer<history> search(connection& conn, const reader& asker, const search_query& wanted,
                       std::size_t bytes, seen_heads& seen)
{
    static const reading sql([](const std::string& care) {
        return std::string("select newest.number, newest.epoch, newest.stamp, ") + page_columns +
               ", holds as shown, followed, a.signed_in, a.member "
               "from pollster.access_of" +
               care + "($6::bytea, $7::bigint, $1::bigint) a cross join " + newest_of_wall +
               "left join lateral (select * from (" +
               within_bytes(
                   "select s.n, s.holds, f.* from pollster.search_page" + care +
                       "($1::bigint, $2::text, "
                       "(select x.post_id from pollster.served_entries x where x.wall_id = "
                       "$1::bigint "
                       "and x.id >= $3::bigint and x.kind = 'post' order by x.id limit 1), "
                       "$4::bigint) with ordinality s(post_id, holds, n) "
                       "cross join lateral (select * from pollster.served_entries o where "
                       "o.post_id = "
                       "s.post_id and o.wall_id = $1::bigint and o.kind in ('post', 'delete') "
                       "order by o.id desc limit 1) f where a.member and f.kind = 'post'",
                   "n", care, ", n, holds") +
               ") h where h.before < $5::bigint and h.nth <= $4::bigint - 1) e on true order by n";
    });

    const std::int64_t below = wanted.before ? number(*wanted.before) : INT64_MAX;
    const auto rows =
        read_rows(conn, sql, number(wanted.wall), wanted.words, below,
                  std::min<std::size_t>(wanted.limit, 1000) + 1, std::max<std::size_t>(bytes, 1),
                  proof_of(asker), number(asker.user));
    if (const auto no = denial(rows[0])) {
        return *no;
    }
    return read_history(rows, wanted.wall, seen);
}

} // namespace db
