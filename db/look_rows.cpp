#include "db/look_rows.hpp"

#include "db/rows.hpp"
#include "text/number.hpp"

#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace db {
namespace {

// What the first column of a row says; kinds of notes are those of pollster.access_changes. None:
// the row with the position.
constexpr std::string_view position = "position";

std::optional<row_kind> kind_of(std::string_view name)
{
    constexpr std::pair<std::string_view, row_kind> kinds[] = {
        {"changed", row_kind::changed_head}, {"asked", row_kind::asked_head},
        {"evidence", row_kind::evidence},    {"access", row_kind::access_note},
        {"members", row_kind::members_note}, {"everybody", row_kind::everybody_note},
        {"author", row_kind::author_note},   {"everything", row_kind::everything_note},
    };
    if (name == position) {
        return std::nullopt;
    }
    for (const auto& [known, kind] : kinds) {
        if (known == name) {
            return kind;
        }
    }
    return row_kind::wall_note; // "wall", "removed"
}

std::string asked_and_position(const std::string& care)
{
    return "select 'asked', asked.id, h.last_entry, h.epoch, h.stamp, null "
           "from unnest($1::bigint[]) asked(id) "
           "cross join lateral pollster.existing_wall" +
           care +
           "(asked.id) w "
           "left join pollster.served_heads h on h.wall_id = w.id "
           "union all "
           "select 'position', pg_snapshot_xmax(pg_current_snapshot())::text::bigint, "
           "(extract(epoch from clock_timestamp()) * 1000)::bigint, " +
           history_epoch + ", " + alone_text +
           "::int, concat_ws(' ', pg_current_snapshot(), pg_current_wal_insert_lsn(), " +
           process_text + ")";
}

// A snapshot says which transactions it saw: all below xmax except the listed ones that were still
// running. What was written by any other transaction is new to us. So nothing that commits late can
// appear behind our back, and a transaction that stays open for hours costs nothing. What claims to
// be of the future came with a dump, from another cluster.
//
// Each running transaction is looked up in the index by itself: offset 0 forbids the join that
// reads the index from its beginning, which is chosen while the statistics know few values of
// changed_by (an application was just adopted).
const reading& since_snapshot()
{
    static const reading sql(reading::often{}, [](const std::string& care) {
        return std::string("with before as materialized (select $2::pg_snapshot as snapshot) "
                           "select 'changed', wall_id, last_entry, epoch, stamp, null "
                           "from pollster.served_heads "
                           "where changed_by >= pg_snapshot_xmax($2::pg_snapshot) "
                           "and changed_by < pg_snapshot_xmax(pg_current_snapshot()) "
                           "union all "
                           "select 'changed', h.wall_id, h.last_entry, h.epoch, h.stamp, null "
                           "from before, pg_snapshot_xip(before.snapshot) running "
                           "cross join lateral (select * from pollster.served_heads o "
                           "where o.changed_by = running offset 0) h "
                           "union all "
                           "select c.kind, coalesce(c.wall_id, c.user_id), h.last_entry, h.epoch, "
                           "h.stamp, null from ("
                           "select user_id, wall_id, kind from pollster.served_changes "
                           "where changed_by >= pg_snapshot_xmax($2::pg_snapshot) "
                           "and changed_by < pg_snapshot_xmax(pg_current_snapshot()) "
                           "union "
                           "select o.user_id, o.wall_id, o.kind from before, "
                           "pg_snapshot_xip(before.snapshot) running "
                           "cross join lateral (select * from pollster.served_changes o "
                           "where o.changed_by = running offset 0) o) c "
                           "left join lateral (select * from pollster.served_heads o "
                           "where o.wall_id = c.wall_id offset 0) h on true "
                           "union all ") +
               asked_and_position(care);
    });
    return sql;
}

const reading& afresh()
{
    static const reading sql([](const std::string& care) {
        return asked_and_position(care) +
               " union all "
               "(select 'evidence', wall_id, last_entry, epoch, stamp, null from "
               "pollster.served_heads "
               "where changed_by < pg_snapshot_xmax(pg_current_snapshot()) "
               "order by changed_by desc limit 100)";
    });
    return sql;
}

// Two hexadecimal halves with a slash: how PostgreSQL writes a position in its log. 0: neither.
std::uint64_t parse_lsn(std::string_view text)
{
    const auto slash = std::min(text.find('/'), text.size());
    const auto half = [](std::string_view digits) {
        return text::parse_number<std::uint64_t>(digits, 0,
                                                 std::numeric_limits<std::uint32_t>::max(), 16);
    };
    const auto high = half(text.substr(0, slash));
    const auto low = half(text.substr(std::min(slash + 1, text.size())));
    return high && low ? (*high << 32U) + *low : 0;
}

look_position read_position(const pqxx::row& row)
{
    const std::string_view all = row[5].c_str();
    const auto log = all.find(' ') + 1;
    const auto process = all.find(' ', log) + 1;
    look_position p;
    p.snapshot = all.substr(0, log - 1);
    p.process = all.substr(process);
    p.newest_xid = static_cast<std::uint64_t>(row[1].as<std::int64_t>());
    p.log = parse_lsn(all.substr(log, process - 1 - log));
    p.history = row[3].as<std::int64_t>(0);
    p.clock = std::chrono::milliseconds(row[2].as<std::int64_t>());
    p.alone = row[4].as<int>(0) == 1;
    return p;
}

// What a row says of a head; of a wall without one: nothing.
seen_head read_head(const pqxx::row& row)
{
    return {walls::wall_id{row[1].as<std::int64_t>()},
            walls::wall_epoch{row[3].as<std::int64_t>(0)},
            walls::entry_id{row[2].as<std::int64_t>(0)}, row[4].as<std::int64_t>(0)};
}

} // namespace

look_answer ask_look(connection& conn, std::span<const walls::wall_id> also,
                     const std::string& since)
{
    const std::string asked = bigints(also, [](walls::wall_id w) { return number(w); });
    const auto rows = since.empty() ? read_rows(conn, afresh(), asked)
                                    : read_rows(conn, since_snapshot(), asked, since);
    look_answer answer;
    answer.rows.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto& row : rows) {
        if (const auto kind = kind_of(row[0].c_str())) {
            answer.rows.push_back({*kind, row[1].as<std::int64_t>(), read_head(row)});
        } else {
            answer.at = read_position(row);
        }
    }
    // Clients see the epoch of a wall together with that of the history.
    for (auto& row : answer.rows) {
        row.head.epoch = walls::wall_epoch{number(row.head.epoch) ^ answer.at.history};
    }
    return answer;
}

} // namespace db
