#include "db/queries.hpp"
#include "db/rows.hpp"

#include <charconv>
#include <stdexcept>
#include <string_view>

namespace db {
namespace {

using namespace std::chrono_literals;

// Two hexadecimal halves with a slash: how PostgreSQL writes a position in its log.
std::uint64_t parse_lsn(std::string_view text)
{
    const auto slash = text.find('/');
    const auto half = [](std::string_view digits) {
        std::uint64_t value = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        return value;
    };
    return slash == std::string_view::npos
               ? 0
               : (half(text.substr(0, slash)) << 32U) + half(text.substr(slash + 1));
}

} // namespace

// A snapshot names transactions by number, and the numbers mean something only on the server that
// gave them. A restored or failed-over server may give the same number to another transaction; it
// has another identity, timeline or start time. So may one whose postmaster recovered from the
// crash of a process, for rollbacks are not flushed; a recovery discards the statistics, which says
// when.
void looker::recognise(link& l)
{
    const auto r = l.exec("select pg_is_in_recovery(), concat_ws(' ', "
                          "(select system_identifier from pg_control_system()), "
                          "(select oid from pg_database where datname = current_database()), "
                          "case when not pg_is_in_recovery() "
                          "then left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end, "
                          "pg_postmaster_start_time(), "
                          "(select stats_reset from pg_stat_bgwriter))");
    if (r[0][0].as<bool>()) {
        throw trouble_found({walls::trouble_kind::read_only,
                             "the database is a standby; name the primary as database"});
    }
    const std::string server = r[0][1].c_str();
    if (server != server_) {
        server_ = server;
        snapshot_.clear();
    }
    generation_ = l.generation();
}

// A newer `pollster migrate` may run while this program does; that costs no statement a look.
void looker::ask_schema(link& l, clock::time_point now)
{
    schema_ = recorded_version(l);
    schema_asked_ = now;
}

// A snapshot says which transactions it saw: all below xmax except the listed ones that were still
// running. What was written by any other transaction is new to us. So nothing that commits late can
// appear behind our back, and a transaction that stays open for hours costs nothing.
//
// One statement, hence one snapshot, for everything. Each running transaction is looked up in the
// index by itself: offset 0 forbids the join that reads the index from its beginning, which is
// chosen while the statistics know few values of changed_by (an application was just adopted).
walls::changes looker::look(link& l, std::span<const walls::wall_id> also)
{
    static constexpr char since_snapshot[] =
        "with before as materialized (select $2::pg_snapshot as snapshot) "
        "select 1, wall_id, last_entry, null from pollster.heads "
        "where changed_by >= pg_snapshot_xmax($2::pg_snapshot) "
        "union all "
        "select 1, h.wall_id, h.last_entry, null from before, pg_snapshot_xip(before.snapshot) "
        "running cross join lateral (select * from pollster.heads o where o.changed_by = running "
        "offset 0) h "
        "union all "
        "(select distinct 2, user_id, 0, null from pollster.access_changes "
        "where changed_by >= pg_snapshot_xmax($2::pg_snapshot)) "
        "union all "
        "select 2, c.user_id, 0, null from before, pg_snapshot_xip(before.snapshot) running "
        "cross join lateral (select * from pollster.access_changes o where o.changed_by = running "
        "offset 0) c "
        "union all "
        "select 1, w.id, coalesce(h.last_entry, 0), null from unnest($1::bigint[]) asked(id) "
        "join pollster.walls w on w.id = asked.id left join pollster.heads h on h.wall_id = w.id "
        "union all "
        "select 3, pg_snapshot_xmax(pg_current_snapshot())::text::bigint, 0, "
        "concat_ws(' ', pg_current_snapshot(), pg_current_wal_insert_lsn(), "
        "extract(epoch from pg_postmaster_start_time()), "
        "extract(epoch from pg_stat_get_bgwriter_stat_reset_time()))";
    static constexpr char afresh[] =
        "select 1, w.id, coalesce(h.last_entry, 0), null from unnest($1::bigint[]) asked(id) "
        "join pollster.walls w on w.id = asked.id left join pollster.heads h on h.wall_id = w.id "
        "union all "
        "select 3, pg_snapshot_xmax(pg_current_snapshot())::text::bigint, 0, "
        "concat_ws(' ', pg_current_snapshot(), pg_current_wal_insert_lsn(), "
        "extract(epoch from pg_postmaster_start_time()), "
        "extract(epoch from pg_stat_get_bgwriter_stat_reset_time()))";

    const auto now = clock::now();
    l.connected();
    if (l.generation() != generation_) {
        recognise(l);
        ask_schema(l, now);
    } else if (now - schema_asked_ >= schema_asked_every_) {
        ask_schema(l, now);
    }
    // Notes about access are kept for an hour (pollster.clean_up). And after a long rest what
    // changed meanwhile is of no interest any more: nobody was here.
    if (now - looked_ > 10min) {
        snapshot_.clear();
    }

    const std::string asked = bigints(also, [](walls::wall_id w) { return number(w); });
    walls::changes found;
    found.forget_everything = snapshot_.empty();
    const auto rows =
        found.forget_everything ? l.exec(afresh, asked) : l.exec(since_snapshot, asked, snapshot_);

    std::string snapshot;
    std::uint64_t newest_xid = 0;
    std::uint64_t seen_upto = 0;
    for (const auto& row : rows) {
        const auto number = row[1].as<std::int64_t>();
        switch (row[0].as<int>()) {
        case 1:
            found.heads.push_back(
                {walls::wall_id{number}, walls::entry_id{row[2].as<std::int64_t>()}});
            break;
        case 2:
            found.access_changed.push_back(walls::user_id{number});
            break;
        default: {
            const std::string_view all = row[3].c_str();
            const auto lsn = all.find(' ') + 1;
            const auto server = all.find(' ', lsn) + 1;
            snapshot = all.substr(0, lsn - 1);
            seen_upto = parse_lsn(all.substr(lsn, server - 1 - lsn));
            found.position = snapshot + ' ' + std::string(all.substr(server));
            newest_xid = static_cast<std::uint64_t>(number);
        }
        }
    }
    if (!found.forget_everything && newest_xid < newest_xid_) {
        // Transaction numbers never go back. Whatever happened, this is not the history that we
        // know.
        snapshot_.clear();
        return look(l, also);
    }
    snapshot_ = snapshot;
    newest_xid_ = newest_xid;
    looked_ = now;
    seen_upto_ = seen_upto;
    return found;
}

// The position is a snapshot and what looker::recognise() says tells one history from another. The
// notes are read in the order of the index, one for each running transaction: by equality alone
// they would be read from end to end when one transaction wrote most of them.
bool access_changed_since(link& l, const std::string& position) noexcept
try {
    static constexpr char sql[] =
        "with before as materialized (select $1::pg_snapshot as snapshot) "
        "select concat_ws(' ', extract(epoch from pg_postmaster_start_time()), "
        "extract(epoch from pg_stat_get_bgwriter_stat_reset_time())) <> $2::text "
        "or exists (select from pollster.access_changes "
        "where changed_by >= pg_snapshot_xmax($1::pg_snapshot)) "
        "or exists (select from before, pg_snapshot_xip(before.snapshot) running "
        "cross join lateral (select o.changed_by from pollster.access_changes o "
        "where o.changed_by >= running order by o.changed_by limit 1) c "
        "where c.changed_by = running)";

    const auto space = position.find(' ');
    if (space == std::string::npos) {
        return true;
    }
    const auto r = l.exec(sql, position.substr(0, space), position.substr(space + 1));
    return r[0][0].as<bool>();
} catch (const std::exception&) {
    return true;
}

} // namespace db
