#include "db/queries.hpp"
#include "db/rows.hpp"
#include "db/session_settings.hpp"

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

// Notes where the history was found, whole or cut. True: this call began a new one. While a
// database takes no writes, a whole history is taken as it is, without the note.
bool verify_history(connection& conn, std::int64_t epoch, const std::string& server, bool cut)
try {
    return conn
        .exec("select pollster.verify_history($1::bigint, $2::text, $3::boolean)", epoch, server,
              cut)[0][0]
        .as<bool>();
} catch (const pqxx::sql_error& e) {
    if (cut || sqlstate_of(e) != "25006") {
        throw;
    }
    return false;
}

} // namespace

// A snapshot names transactions by number, and the numbers mean something only in the process of
// PostgreSQL that gave them, on the timeline where it did.
//
// Whether such another database has all that was seen, the newest entries tell. A process that has
// seen nothing cannot know; then the database itself says where it was found complete last, and
// elsewhere it is not trusted: a copy of a backup has other tables, a promoted standby or a
// restored base backup another timeline.
void looker::recognise(connection& conn)
{
    static const std::string sql =
        std::string("select pg_is_in_recovery(), concat_ws(' ', "
                    "(select system_identifier from pg_control_system()), "
                    "(select oid from pg_database where datname = current_database()), "
                    "'pollster.heads'::regclass::oid, "
                    "case when not pg_is_in_recovery() "
                    "then left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end), ") +
        process_text +
        ", h.epoch, h.server, getdatabaseencoding() from pollster.history h where h.one";
    const auto r = conn.exec(sql.c_str());
    if (r.empty()) {
        throw std::runtime_error("pollster.history is empty: run pollster restored");
    }
    if (r[0][0].as<bool>()) {
        throw db_exception({walls::db_error_kind::read_only,
                            "the database is a standby; name the primary as database"});
    }
    const std::string encoding = r[0][5].c_str();
    if (encoding == "SQL_ASCII") { // an answer with such a text is read by nobody
        throw db_exception({walls::db_error_kind::unavailable, about_encoding(encoding)});
    }
    const std::string server = r[0][1].c_str();
    const std::string process = r[0][2].c_str();
    if (server != server_ || process != process_) {
        snapshot_.clear();
        const auto epoch = r[0][3].as<std::int64_t>();
        const bool vouched_for = r[0][4].is_null() || server == r[0][4].c_str();
        // The same backup may be restored again: then the database says it is the history of before
        // the first time, from which clients may hold what that one lost.
        const bool cut = epoch == history_ ? lost_entries(conn, seen_.all())
                                           : !vouched_for || left_.contains(epoch);
        if (cut || server != r[0][4].c_str()) {
            histories_cut_ += verify_history(conn, epoch, server, cut) ? 1 : 0;
        }
        server_ = server;
        process_ = process;
    }
    generation_ = conn.generation();
}

// A newer `pollster migrate` may run while this program does; that costs no statement a look.
void looker::ask_schema(connection& conn, clock::time_point now)
{
    schema_ = recorded_version(conn);
    schema_asked_ = now;
}

// A snapshot says which transactions it saw: all below xmax except the listed ones that were still
// running. What was written by any other transaction is new to us. So nothing that commits late can
// appear behind our back, and a transaction that stays open for hours costs nothing. What claims to
// be of the future came with a dump, from another cluster.
//
// One statement, hence one snapshot, for everything. Each running transaction is looked up in the
// index by itself: offset 0 forbids the join that reads the index from its beginning, which is
// chosen while the statistics know few values of changed_by (an application was just adopted).
//
// Rows: a head that changed, a note (of a wall: with its head), a head that was asked for, where
// this look stands, a head that is remembered as evidence.
namespace {

enum row_kind : int { changed_head = 1, note, asked_head, standing, evidence };

std::string asked_and_standing(const std::string& care)
{
    return "select 3, asked.id, h.last_entry, h.epoch, h.stamp, null "
           "from unnest($1::bigint[]) asked(id) "
           "cross join lateral pollster.existing_wall" +
           care +
           "(asked.id) w "
           "left join pollster.heads h on h.wall_id = w.id "
           "union all "
           "select 4, pg_snapshot_xmax(pg_current_snapshot())::text::bigint, "
           "(extract(epoch from clock_timestamp()) * 1000)::bigint, " +
           history_epoch +
           ", null, concat_ws(' ', pg_current_snapshot(), pg_current_wal_insert_lsn(), " +
           process_text + ")";
}

const reading& since_snapshot()
{
    static const reading sql([](const std::string& care) {
        return std::string("with before as materialized (select $2::pg_snapshot as snapshot) "
                           "select 1, wall_id, last_entry, epoch, stamp, null from pollster.heads "
                           "where changed_by >= pg_snapshot_xmax($2::pg_snapshot) "
                           "and changed_by < pg_snapshot_xmax(pg_current_snapshot()) "
                           "union all "
                           "select 1, h.wall_id, h.last_entry, h.epoch, h.stamp, null "
                           "from before, pg_snapshot_xip(before.snapshot) running "
                           "cross join lateral (select * from pollster.heads o where o.changed_by "
                           "= running offset 0) "
                           "h "
                           "union all "
                           "select 2, coalesce(c.wall_id, c.user_id), h.last_entry, h.epoch, "
                           "h.stamp, c.kind from ("
                           "select user_id, wall_id, kind from pollster.access_changes "
                           "where changed_by >= pg_snapshot_xmax($2::pg_snapshot) "
                           "and changed_by < pg_snapshot_xmax(pg_current_snapshot()) "
                           "union "
                           "select o.user_id, o.wall_id, o.kind from before, "
                           "pg_snapshot_xip(before.snapshot) running "
                           "cross join lateral (select * from pollster.access_changes o where "
                           "o.changed_by = running "
                           "offset 0) o) c "
                           "left join lateral (select * from pollster.heads o where o.wall_id = "
                           "c.wall_id offset 0) h "
                           "on true "
                           "union all ") +
               asked_and_standing(care);
    });
    return sql;
}

const reading& afresh()
{
    static const reading sql([](const std::string& care) {
        return asked_and_standing(care) +
               " union all "
               "(select 5, wall_id, last_entry, epoch, stamp, null from pollster.heads "
               "where changed_by < pg_snapshot_xmax(pg_current_snapshot()) order by changed_by "
               "desc "
               "limit 100)";
    });
    return sql;
}

// What a row says of a head; of a wall without one: nothing.
seen_head read_head(const pqxx::row& row, std::int64_t history)
{
    return {walls::wall_id{row[1].as<std::int64_t>()},
            walls::wall_epoch{row[3].as<std::int64_t>(0) ^ history},
            walls::entry_id{row[2].as<std::int64_t>(0)}, row[4].as<std::int64_t>(0)};
}

} // namespace

walls::changes looker::look(connection& conn, std::span<const walls::wall_id> also)
{
    for (int attempt = 1; attempt <= 5; ++attempt) {
        if (auto found = look_once(conn, also)) {
            return std::move(*found);
        }
    }
    throw db_exception({walls::db_error_kind::unavailable, "another database at every look"});
}

std::optional<walls::changes> looker::look_once(connection& conn,
                                                std::span<const walls::wall_id> also)
{
    const auto now = clock::now();
    conn.connected();
    if (conn.generation() != generation_) {
        recognise(conn);
        ask_schema(conn, now);
    } else if (now - schema_asked_ >= schema_asked_every_) {
        ask_schema(conn, now);
    }
    // Notes are kept for an hour (pollster.clean_up). And after a long rest what changed meanwhile
    // is of no interest any more: nobody was here.
    if (now - looked_ > 10min) {
        snapshot_.clear();
    }

    const std::string asked = bigints(also, [](walls::wall_id w) { return number(w); });
    const bool all_new = snapshot_.empty();
    const auto rows = all_new ? read_rows(conn, afresh(), asked)
                              : read_rows(conn, since_snapshot(), asked, snapshot_);

    std::string position;
    std::uint64_t newest_xid = 0;
    std::uint64_t seen_upto = 0;
    std::int64_t history = 0;
    std::chrono::milliseconds clock_says{0};
    bool everything = false;
    for (const auto& row : rows) {
        if (row[0].as<int>() == standing) {
            const std::string_view all = row[5].c_str();
            const auto lsn = all.find(' ') + 1;
            const auto process = all.find(' ', lsn) + 1;
            position = all.substr(0, lsn);
            position += all.substr(process);
            seen_upto = parse_lsn(all.substr(lsn, process - 1 - lsn));
            newest_xid = static_cast<std::uint64_t>(row[1].as<std::int64_t>());
            clock_says = std::chrono::milliseconds(row[2].as<std::int64_t>());
            history = row[3].as<std::int64_t>(0);
        }
        everything |= row[0].as<int>() == note && row[5].c_str() == std::string_view("everything");
    }
    if (position.substr(position.find(' ') + 1) != process_) {
        generation_ = 0; // a proxy has changed the server behind our connection
        return std::nullopt;
    }
    // Transaction numbers never go back, and a history keeps its epoch. Whatever happened, this is
    // not the history that we know.
    if (!all_new && (everything || history != history_ || newest_xid < newest_xid_)) {
        snapshot_.clear();
        return std::nullopt;
    }
    if (history != history_) {
        if (history_ != 0) {
            left_.insert(history_);
        }
        seen_.forget_all();
    }

    walls::changes found;
    found.forget_everything = all_new;
    found.position = position;
    found.history = walls::wall_epoch{history};
    found.now = decltype(found.now)::value_type(clock_says);
    std::vector<seen_head> newest;
    for (const auto& row : rows) {
        const auto kind = row[0].as<int>();
        const std::string_view what = row[5].is_null() ? "" : row[5].c_str();
        if (kind == note && what == "access") {
            found.access_changed.push_back(walls::user_id{row[1].as<std::int64_t>()});
        } else if (kind == note && what == "author") {
            found.authors.push_back(walls::user_id{row[1].as<std::int64_t>()});
        } else if (kind != standing) {
            const auto h = read_head(row, history);
            if (kind == note) {
                found.outdated.push_back(h.wall);
                seen_.forget(h.wall);
            }
            if (kind == asked_head || kind == note) {
                seen_.add_older(h);
            } else {
                newest.push_back(h);
            }
            if (kind != evidence) {
                found.heads.push_back({h.wall, h.newest, h.epoch});
            }
        }
    }
    if (all_new) {
        std::reverse(newest.begin(), newest.end());
    }
    for (const auto& h : newest) {
        seen_.add_newest(h);
    }
    seen_.looked();
    snapshot_ = position.substr(0, position.find(' '));
    history_ = history;
    newest_xid_ = newest_xid;
    looked_ = now;
    seen_upto_ = seen_upto;
    return found;
}

} // namespace db
