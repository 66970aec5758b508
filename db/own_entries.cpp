#include "db/queries.hpp"
#include "db/rows.hpp"

#include <string>

namespace db {

namespace {

// The position is a snapshot and what look::recognise() says tells one process of PostgreSQL from
// another. The notes are read in the order of the index, one for each running transaction: by
// equality alone they would be read from end to end when one transaction wrote most of them.
std::string statement(const std::string& asked)
{
    return std::string(
               "with before as materialized (select nullif($1::text, '')::pg_snapshot as snapshot) "
               "select 0, (now.process = $2::text)::int, 0, 0, $1::text = '' "
               "or now.process <> $2::text "
               "or exists (select from before, lateral (select from pollster.served_changes "
               "where changed_by >= pg_snapshot_xmax(before.snapshot) "
               "and changed_by < pg_snapshot_xmax(pg_current_snapshot()) limit 1) c) "
               "or exists (select from before, pg_snapshot_xip(before.snapshot) running "
               "cross join lateral (select o.changed_by from pollster.served_changes o "
               "where o.changed_by >= running order by o.changed_by limit 1) c "
               "where c.changed_by = running) from (select ") +
           process_text +
           " as process) now "
           "union all "
           "select asked.n, h.epoch, " +
           history_epoch + ", pollster.stamp(e.created_at), null from (" + asked +
           ") asked(wall_id, id, post_id, n) "
           "cross join lateral (select o.created_at from pollster.served_entries o where o.wall_id "
           "= asked.wall_id and o.id = asked.id and o.post_id = asked.post_id offset 0) e "
           "cross join lateral (select o.epoch from pollster.served_heads o where o.wall_id = "
           "asked.wall_id offset 0) h";
}

// Nearly always it is one. PostgreSQL takes an array that it does not see for ten, and would plan
// each time what it sees is for one.
pqxx::result ask(connection& conn, const std::string& snapshot, const std::string& process,
                 std::span<const own_entry> own)
{
    if (own.size() == 1) {
        static const std::string of_one =
            statement("select $3::bigint, $4::bigint, $5::bigint, 1::bigint");
        const auto& e = own.front().what->entry;
        return conn.exec_prepared(of_one, snapshot, process, number(own.front().wall), number(e.id),
                                  number(e.post));
    }
    static const std::string of_several =
        statement("select * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) with ordinality");
    return conn.exec_prepared(
        of_several, snapshot, process,
        bigints(own, [](const own_entry& o) { return number(o.wall); }),
        bigints(own, [](const own_entry& o) { return number(o.what->entry.id); }),
        bigints(own, [](const own_entry& o) { return number(o.what->entry.post); }));
}

} // namespace

bool after_commit(connection& conn, const std::string& position, std::span<const own_entry> own,
                  seen_heads& seen) noexcept
try {
    const auto space = position.find(' ');
    const bool known = space != std::string::npos;
    const auto rows = ask(conn, known ? position.substr(0, space) : "",
                          known ? position.substr(space + 1) : "", own);
    bool changed = true;
    bool same_process = false;
    for (const auto& row : rows) {
        const auto place = row[0].as<std::size_t>();
        if (place == 0) {
            same_process = row[1].as<int>() == 1;
            changed = row[4].as<bool>();
            continue;
        }
        const own_entry& o = own[place - 1];
        o.what->epoch = walls::wall_epoch{row[1].as<std::int64_t>() ^ row[2].as<std::int64_t>()};
        if (same_process) { // else what was seen before must not be crowded out
            seen.add_newest({o.wall, o.what->epoch, o.what->entry.id, row[3].as<std::int64_t>()});
        }
    }
    return changed;
} catch (const std::exception&) {
    return true;
}

} // namespace db
