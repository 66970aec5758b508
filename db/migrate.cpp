#include "db/migrate.hpp"

#include "db/connection.hpp"
#include "db/conninfo.hpp"
#include "db/migrations.hpp"
#include "db/queries.hpp"

#include <stdexcept>
#include <utility>

namespace db {
namespace {

// Any number that no other program uses as an advisory lock.
constexpr char take_lock[] = "select pg_advisory_lock(8101537427953837426)";

// Refuses a history that is not this binary's: a migration that was edited, or another program's
// table.
void compare(connection& conn)
{
    const auto rows =
        conn.exec("select number, name, checksum from pollster.schema_migrations order by number");
    for (const auto& row : rows) {
        const auto number = row[0].as<std::size_t>();
        const auto& ours = migrations().at(number - 1);
        const auto checksum =
            conn.exec("select encode(sha256(convert_to($1::text, 'UTF8')), 'hex')", ours.sql);
        if (ours.name != row[1].c_str() || std::string(checksum[0][0].c_str()) != row[2].c_str()) {
            throw std::runtime_error("Migration " + std::string(row[1].c_str()) +
                                     " of the database is not the " + ours.name +
                                     " of this program.");
        }
    }
}

void apply(connection& conn, const migration& m)
{
    conn.exec("begin");
    try {
        conn.exec(m.sql.c_str());
        conn.exec(
            "insert into pollster.schema_migrations (number, name, checksum) "
            "values ($1::integer, $2::text, encode(sha256(convert_to($3::text, 'UTF8')), 'hex'))",
            m.number, m.name, m.sql);
        conn.exec("commit");
    } catch (const std::exception& e) {
        throw std::runtime_error("Migration " + m.name +
                                 " failed and was undone: " + describe(e).why);
    }
}

// What a role needs to serve may be another thing in each version.
void let_serve(connection& conn, const std::string& role,
               const std::function<void(const std::string&)>& progress)
{
    if (!role.empty() && conn.exec("select from pg_roles where rolname = $1::name", role).empty()) {
        throw std::runtime_error("There is no role \"" + role +
                                 "\", which is to serve: `pollster setup` makes it, or an "
                                 "administrator of the database.");
    }
    auto changes = conn.exec("select pollster.let_serve()")[0][0].as<std::int64_t>();
    if (!role.empty()) {
        changes += conn.exec("select pollster.let_serve($1::name)", role)[0][0].as<std::int64_t>();
    }
    if (changes > 0) {
        progress("the role that serves has its rights");
    }
}

} // namespace

int schema_version() noexcept
{
    return static_cast<int>(migrations().size());
}

std::string other_schema(int found)
{
    const std::string is = "The database has schema version " + std::to_string(found);
    const std::string ours = std::to_string(schema_version());
    if (found > schema_version()) {
        return is + ", newer than this program's " + ours + ": install the newer pollster.";
    }
    if (found < schema_version()) {
        return is + ", this program needs " + ours + ": run `pollster migrate`.";
    }
    return {};
}

int recorded_version(connection& conn)
{
    return conn.exec("select coalesce(max(number), 0) from pollster.schema_migrations")[0][0]
        .as<int>();
}

outcome<migrated> migrate(const settings& given,
                          const std::function<void(const std::string&)>& progress)
{
    // Also of the server's, before anything is changed.
    if (auto fault = fault_in_conninfo(given.database)) {
        return refusal{std::move(*fault)};
    }
    const settings s = as_owner(given);
    try {
        circuit_breaker database;
        meters m;
        // An index on a large table takes its time, but nobody should wait for a migration that
        // waits for a lock.
        connection conn(
            complete_conninfo(s.database, {std::chrono::milliseconds(0), "-c lock_timeout=60s"}),
            database, m);
        conn.exec(take_lock);
        conn.exec("create schema if not exists pollster");
        conn.exec(
            "create table if not exists pollster.schema_migrations (number integer primary key, "
            "name text not null, "
            "checksum text not null, applied_at timestamptz not null default clock_timestamp())");
        migrated done;
        done.from = recorded_version(conn);
        done.to = done.from;
        if (done.from > schema_version()) {
            return refusal{other_schema(done.from)};
        }
        compare(conn);
        for (const auto& next : migrations()) {
            if (next.number > done.from) {
                progress("applying migration " + next.name);
                apply(conn, next);
                done.to = next.number;
            }
        }
        let_serve(conn, s.serving_role, progress);
        return done;
    } catch (const std::exception& e) {
        return refusal{describe(e).why};
    }
}

result<void> check_schema(const settings& s)
{
    try {
        circuit_breaker database;
        meters m;
        deadlines all;
        connection conn(complete_conninfo(s.database, {s.statement_timeout, {}}), database, m,
                        patience{all, s.statement_timeout + settings::beyond_statement_timeout});
        const int found = recorded_version(conn);
        if (auto other = other_schema(found); !other.empty()) {
            const bool newer = found > schema_version();
            return walls::db_error{newer ? walls::db_error_kind::newer_schema
                                         : walls::db_error_kind::wrong_schema,
                                   std::move(other)};
        }
        return {};
    } catch (const std::exception& e) {
        walls::db_error t = describe_for_server(e);
        const std::string state = sqlstate_of(e);
        if (state == "42P01" || state == "3F000") {
            t.why = "The database has no pollster schema yet: run `pollster migrate`.";
        }
        return t;
    }
}

} // namespace db
