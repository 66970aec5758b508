#include "db/look.hpp"

#include "db/queries.hpp"
#include "db/rows.hpp"
#include "db/session_settings.hpp"

#include <algorithm>
#include <stdexcept>

namespace db {
namespace {

using namespace std::chrono_literals;

// Notes are kept for an hour (pollster.clean_up). And after a long rest what changed meanwhile is
// of no interest any more: nobody was here.
constexpr auto longest_rest = 10min;

// Does the database lack an entry that was seen? Walls that are gone or began anew do not count:
// their epoch tells everybody who knows them.
bool lost_entries(connection& conn, std::span<const seen_head> seen)
{
    // Removed by hand, an entry below the head is no evidence either: null <> stamp.
    static constexpr char sql[] =
        "select exists (select from pollster.served_history y cross join unnest($1::bigint[], "
        "$2::bigint[], $3::bigint[], $4::bigint[]) s(wall_id, epoch, newest, stamp) "
        "cross join lateral (select o.last_entry, o.stamp from pollster.served_heads o "
        "where o.wall_id = s.wall_id and o.epoch # y.epoch = s.epoch offset 0) h "
        "left join lateral (select o.created_at from pollster.served_entries o "
        "where o.wall_id = s.wall_id and o.id = s.newest offset 0) e on true "
        "where y.one and (h.last_entry < s.newest or s.stamp <> case when h.last_entry = s.newest "
        "then h.stamp else pollster.stamp(e.created_at) end))";

    if (seen.empty()) {
        return false;
    }
    return conn
        .exec(sql, bigints(seen, [](const auto& h) { return number(h.wall); }),
              bigints(seen, [](const auto& h) { return static_cast<std::int64_t>(h.epoch); }),
              bigints(seen, [](const auto& h) { return number(h.newest); }),
              bigints(seen, [](const auto& h) { return h.stamp; }))[0][0]
        .as<bool>();
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

walls::head head_of(const seen_head& h)
{
    return {h.wall, h.newest, h.epoch};
}

} // namespace

walls::changes look::take(connection& conn, std::span<const walls::wall_id> also)
{
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        const auto now = clock::now();
        know_the_server(conn, now);
        if (now - looked_ > longest_rest) {
            snapshot_.clear();
        }
        const auto answer = ask_look(conn, also, snapshot_);
        if (goes_on(answer)) {
            looked_ = now;
            alone_until_ = counted_ && answer.at.alone ? now + alone_for : clock::time_point{};
            auto found = note(answer);
            found.others_unaware = !counted_ || now < counted_since_ + noticed_after;
            return found;
        }
        alone_until_ = clock::time_point{};
    }
    throw db_exception({walls::db_error_kind::unavailable, "another database at every look"});
}

// A newer `pollster migrate` may run while this program does; noticing it costs no statement a
// look.
void look::know_the_server(connection& conn, clock::time_point now)
{
    conn.connected();
    const bool is_new = conn.generation() != generation_;
    if (is_new) {
        recognise(conn);
    } else if (!counted_) {
        be_counted(conn);
    }
    if (is_new || now - schema_asked_ >= schema_asked_every_) {
        schema_ = recorded_version(conn);
        schema_asked_ = now;
    }
}

// Another process was asking just then whether it is alone.
void look::be_counted(connection& conn)
{
    note_counted(conn.exec((std::string("select ") + count_me_text).c_str())[0][0].as<bool>());
}

void look::note_counted(bool yes)
{
    counted_ = yes;
    counted_since_ = clock::now();
}

bool look::is_alone(std::chrono::steady_clock::time_point now) const
{
    return now < alone_until_.load();
}

// A snapshot names transactions by number, and the numbers mean something only in the process of
// PostgreSQL that gave them, on the timeline where it did.
//
// Whether such another database has all that was seen, the newest entries tell. A process that has
// seen nothing cannot know; then the database itself says where it was found complete last, and
// elsewhere it is not trusted: a copy of a backup has other tables, a promoted standby or a
// restored base backup another timeline.
void look::recognise(connection& conn)
{
    static const std::string sql =
        std::string("select pg_is_in_recovery(), concat_ws(' ', "
                    "(select system_identifier from pg_control_system()), "
                    "(select oid from pg_database where datname = current_database()), "
                    "'pollster.heads'::regclass::oid, "
                    "case when not pg_is_in_recovery() "
                    "then left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end), ") +
        process_text + ", h.epoch, h.server, getdatabaseencoding(), " + count_me_text +
        " from pollster.served_history h where h.one";
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
    note_counted(r[0][6].as<bool>());
}

// Is that the history of the last look, or of none? If not, what is needed to ask again is done.
bool look::goes_on(const look_answer& a)
{
    if (a.at.process != process_) {
        generation_ = 0; // a proxy has changed the server behind our connection
        return false;
    }
    if (snapshot_.empty()) {
        return true;
    }
    const bool everything = std::any_of(a.rows.begin(), a.rows.end(), [](const look_row& r) {
        return r.kind == row_kind::everything_note;
    });
    // Transaction numbers never go back, and a history keeps its epoch. Whatever happened, this is
    // not the history that we know.
    if (everything || a.at.history != history_ || a.at.newest_xid < newest_xid_) {
        snapshot_.clear();
        return false;
    }
    return true;
}

walls::changes look::note(const look_answer& a)
{
    const bool all_new = snapshot_.empty();
    if (a.at.history != history_) {
        if (history_ != 0) {
            left_.insert(history_);
        }
        seen_.forget_all();
    }
    walls::changes found;
    found.forget_everything = all_new;
    found.position = a.at.snapshot + ' ' + a.at.process;
    found.history = walls::wall_epoch{a.at.history};
    found.now = decltype(found.now)::value_type(a.at.clock);
    std::vector<seen_head> newest;
    for (const auto& row : a.rows) {
        switch (row.kind) {
        case row_kind::access_note:
            found.access_changed.push_back(walls::user_id{row.id});
            break;
        case row_kind::members_note:
            found.members_changed.push_back(row.head.wall);
            break;
        case row_kind::everybody_note:
            found.everybody_changed = true;
            break;
        case row_kind::author_note:
            found.authors.push_back(walls::user_id{row.id});
            break;
        case row_kind::everything_note: // goes_on() has seen to it
            break;
        case row_kind::wall_note:
            found.outdated.push_back(row.head.wall);
            seen_.forget(row.head.wall);
            seen_.add_older(row.head);
            found.heads.push_back(head_of(row.head));
            break;
        case row_kind::asked_head:
            seen_.add_older(row.head);
            found.heads.push_back(head_of(row.head));
            break;
        case row_kind::changed_head:
            newest.push_back(row.head);
            found.heads.push_back(head_of(row.head));
            break;
        case row_kind::evidence:
            newest.push_back(row.head);
            break;
        }
    }
    if (all_new) { // evidence comes with the newest first
        std::reverse(newest.begin(), newest.end());
    }
    for (const auto& h : newest) {
        seen_.add_newest(h);
    }
    seen_.looked();
    snapshot_ = a.at.snapshot;
    history_ = a.at.history;
    newest_xid_ = a.at.newest_xid;
    seen_upto_ = a.at.log;
    return found;
}

} // namespace db
