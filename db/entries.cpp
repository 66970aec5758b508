#include "db/queries.hpp"
#include "db/rows.hpp"
#include "db/token.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

namespace db {
namespace {

// One row too many tells whether there is more; beyond this nobody wants a page.
constexpr std::size_t most_rows = 100'000;

// In the text, not a parameter: of a limit that it does not see PostgreSQL expects a tenth of the
// rows, and for so many it may read all of a wall, and sort. There are as many texts as limits, so
// what a client chooses is rounded up: to 1, 2, 5, 10, 20, 50, 100 … posts, and one more.
std::string limit_of(std::size_t rows)
{
    return " limit " + std::to_string(rows);
}
std::size_t rounded_up(std::size_t posts)
{
    std::size_t ten = 1;
    for (;; ten *= 10) {
        for (const std::size_t of : {1, 2, 5}) {
            if (of * ten >= posts) {
                return of * ten;
            }
        }
    }
}

std::string lsn(std::uint64_t position)
{
    char text[32];
    std::snprintf(text, sizeof text, "%X/%X", static_cast<unsigned>(position >> 32U),
                  static_cast<unsigned>(position & 0xFFFFFFFFU));
    return text;
}

// Rows of a wall (null: there is none), its name, kind, newest entry, epoch, stamp, how many are
// unread, the read mark, and what denial() reads.
answer<std::vector<wall_summary>> read_summaries(const pqxx::result& rows, seen_heads& seen)
{
    std::vector<wall_summary> out;
    for (const auto& row : rows) {
        if (const auto no = denial(row)) {
            return *no;
        }
        if (row[0].is_null()) {
            continue;
        }
        out.push_back({walls::wall_id{row[0].as<std::int64_t>()}, row[1].c_str(), row[2].c_str(),
                       walls::entry_id{row[3].as<std::int64_t>()},
                       walls::wall_epoch{row[4].as<std::int64_t>()}, row[6].as<std::int64_t>(),
                       walls::entry_id{row[7].as<std::int64_t>()}});
        seen.add_told(
            {out.back().id, out.back().epoch, out.back().newest, row[5].as<std::int64_t>()});
    }
    return out;
}

} // namespace

// `next` is the cursor of the entry behind this one among those that fit their walls: in the last
// row it names the first wall for which there was no room.
std::vector<walls::page> entries_after(connection& conn, std::span<const walls::cursor> cursors,
                                       const walls::page_limits& most, seen_heads& seen)
{
    const std::size_t entries = std::min(most.entries, most_rows);
    // Of one, no array: see who() in access.cpp.
    const bool alone = cursors.size() == 1;
    const std::string asked = alone ? "(select $1::bigint, $2::bigint, 1::bigint) "
                                    : "unnest($1::bigint[], $2::bigint[]) with ordinality ";
    const reading sql(reading::often{}, [entries, &asked](const std::string& care) {
        return std::string("select asked.n, coalesce(h.last_entry, 0), coalesce(h.epoch, 0) # ") +
               history_epoch + ", coalesce(h.stamp, 0), " + page_columns +
               ", followed, next from " + asked +
               "asked(wall_id, last, n) "
               "left join lateral (select o.last_entry, o.epoch, o.stamp from "
               "pollster.served_heads o "
               "where o.wall_id = asked.wall_id offset 0) h on true "
               "left join (select * from (select a.*, lead(n) over feed as next, "
               "coalesce(sum(bytes) over (feed rows between unbounded preceding and 1 preceding), "
               "0) as "
               "before_all from (select asked.n, e.* from " +
               asked +
               "asked(wall_id, last, n) "
               "cross join lateral (" +
               within_bytes(
                   "select * from pollster.served_entries f where f.wall_id = asked.wall_id "
                   "and f.id > asked.last order by f.id" +
                       limit_of(entries + 1),
                   "id", care) +
               ") e where e.before < $4::bigint and e.nth <= $3::bigint - 1) a "
               "window feed as (order by n, id)) b where b.before_all < $5::bigint) page using (n) "
               "order by n, id";
    });

    const std::size_t limit = entries + 1;
    const auto wall_bytes = std::max<std::size_t>(most.wall_bytes, 1);
    const auto bytes = std::max<std::size_t>(most.bytes, 1);
    const auto rows =
        alone ? read_rows(conn, sql, number(cursors.front().wall), number(cursors.front().last),
                          limit, wall_bytes, bytes)
              : read_rows(conn, sql, bigints(cursors, [](const auto& c) { return number(c.wall); }),
                          bigints(cursors, [](const auto& c) { return number(c.last); }), limit,
                          wall_bytes, bytes);
    const entry_reader columns(rows);
    const auto followed = rows.column_number("followed");
    const auto next = rows.column_number("next");
    std::vector<walls::page> pages;
    pages.reserve(cursors.size());
    for (const auto& c : cursors) {
        pages.push_back({c.wall, {}, false, {}, {}});
    }
    std::size_t reached = pages.size(); // from there on there was no room
    const walls::page* told = nullptr;
    for (const auto& row : rows) {
        auto& page = pages[row[0].as<std::size_t>() - 1];
        page.newest = walls::entry_id{row[1].as<std::int64_t>()};
        page.epoch = walls::wall_epoch{row[2].as<std::int64_t>()};
        if (&page != told) {
            told = &page;
            seen.add_told({page.wall, page.epoch, page.newest, row[3].as<std::int64_t>()});
        }
        if (!columns.has_entry(row)) {
            continue;
        }
        page.entries.push_back(columns.read(row));
        page.more = row[followed].as<bool>();
        reached = row[next].is_null() ? pages.size() : row[next].as<std::size_t>() - 1;
    }
    for (; reached < pages.size(); ++reached) {
        pages[reached].more = true;
    }
    return pages;
}

// The newest posts below an entry number, as they are now, each at the entry that began its present
// life on the wall: deleted ones are not shown. The wall's newest number comes with every row, from
// the same snapshot, and in a row of its own when there is no post.
answer<history> posts_before(connection& conn, const reader& asker, walls::wall_id wall,
                             std::optional<walls::entry_id> before, const page_size& most,
                             seen_heads& seen)
{
    const std::size_t posts = std::min(most.posts, most_rows);
    const reading sql(reading::often{}, [posts](const std::string& care) {
        return std::string("select newest.number, newest.epoch, newest.stamp, ") + page_columns +
               ", true as shown, followed, a.signed_in, a.member "
               "from pollster.access_of" +
               care + "($5::bytea, $6::bigint, $1::bigint) a cross join " + newest_of_wall +
               "left join lateral (select * from (" +
               within_bytes("select f.* from pollster.served_entries f cross join lateral "
                            "pollster.post_of_entry" +
                                care +
                                "(f.wall_id, f.id, f.post_id, f.kind) x "
                                "where a.member and f.wall_id = $1::bigint and f.id < $2::bigint "
                                "and f.kind = 'post' order by f.id desc" +
                                limit_of(rounded_up(posts) + 1),
                            "id desc", care) +
               ") h where h.before < $4::bigint and h.nth <= $3::bigint - 1) e on true order by id "
               "desc";
    });

    const std::int64_t below = before ? number(*before) : INT64_MAX;
    const auto rows =
        read_rows(conn, sql, number(wall), below, posts + 1, std::max<std::size_t>(most.bytes, 1),
                  proof_of(asker), number(asker.user));
    if (const auto no = denial(rows[0])) {
        return *no;
    }
    return read_history(rows, wall, seen);
}

answer<std::vector<wall_summary>> walls_read(connection& conn, const reader& asker,
                                             std::span<const walls::wall_id> walls,
                                             seen_heads& seen)
{
    static const reading sql(reading::often{}, [](const std::string& care) {
        return std::string("select w.id, w.name, w.kind, coalesce(h.last_entry, 0), "
                           "coalesce(h.epoch, 0) # ") +
               history_epoch +
               ", coalesce(h.stamp, 0), 0, 0, a.signed_in, true as member "
               "from pollster.access_of" +
               care +
               "($1::bytea, $2::bigint, null) a "
               "left join lateral (select * from pollster.walls_read" +
               care +
               "($1::bytea, $3::bigint[]) offset 0) w on a.signed_in "
               "left join pollster.served_heads h on h.wall_id = w.id order by w.id";
    });
    return read_summaries(read_rows(conn, sql, proof_of(asker), number(asker.user),
                                    bigints(walls, [](walls::wall_id w) { return number(w); })),
                          seen);
}

answer<std::vector<wall_summary>> walls_of(connection& conn, const reader& asker, seen_heads& seen)
{
    // The count stops at 1,000, so a wall costs no more however much there is to read: offset 0
    // forbids a join that reads all of it first.
    static const reading sql(reading::often{}, [](const std::string& care) {
        return std::string("select w.id, w.name, w.kind, coalesce(h.last_entry, 0), "
                           "coalesce(h.epoch, 0) # ") +
               history_epoch +
               ", coalesce(h.stamp, 0), (select count(*) from (select from pollster.served_entries "
               "e "
               "cross join lateral pollster.post_of_entry" +
               care +
               "(e.wall_id, e.id, e.post_id, e.kind) p "
               "where e.wall_id = w.id and e.id > coalesce(r.entry_id, 0) and e.kind = 'post' "
               "and p.user_id is distinct from $1::bigint "
               "order by e.id desc limit 1000) unread), coalesce(r.entry_id, 0), a.signed_in, "
               "true as member "
               "from pollster.access_of" +
               care +
               "($2::bytea, $1::bigint, null) a "
               "left join lateral (select * from pollster.walls_of" +
               care +
               "($1::bigint) offset 0) w "
               "on a.signed_in "
               "left join pollster.served_heads h on h.wall_id = w.id "
               "left join pollster.served_marks r on r.wall_id = w.id and r.user_id = $1::bigint "
               "order by w.id";
    });

    return read_summaries(read_rows(conn, sql, number(asker.user), proof_of(asker)), seen);
}

answer<std::int64_t> mark_read(connection& conn, const reader& asker, walls::wall_id wall,
                               walls::entry_id entry)
{
    static const reading sql(reading::often{}, [](const std::string& care) {
        return "with a as materialized (select * from pollster.access_of" + care +
               "($4::bytea, $2::bigint, $1::bigint)) "
               "select case when a.member then pollster.mark_read($1::bigint, $2::bigint, "
               "$3::bigint) end, a.signed_in, a.member from a";
    });
    const auto rows = read_rows(conn, sql, number(wall), number(asker.user), number(entry),
                                proof_of_writer(asker));
    if (const auto no = denial(rows[0])) {
        return *no;
    }
    return rows[0][0].as<std::int64_t>();
}

bool has_replayed(connection& conn, std::uint64_t position, std::int64_t history)
{
    return conn
        .exec("select pg_is_in_recovery() and pg_last_wal_replay_lsn() >= $1::pg_lsn "
              "and exists (select from pollster.served_history h where h.one and h.epoch = "
              "$2::bigint)",
              lsn(position), history)[0][0]
        .as<bool>();
}

} // namespace db
