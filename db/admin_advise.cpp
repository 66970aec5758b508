#include "db/administration.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace db {
namespace {

using advices = std::vector<advice>;

void advise_on_version(connection& conn, advices& out)
{
    const auto r = conn.exec("select current_setting('server_version_num')::int < 150000, "
                             "current_setting('server_version')");
    if (r[0][0].as<bool>()) {
        out.push_back({"version",
                       "PostgreSQL is of version " + std::string(r[0][1].c_str()) +
                           ", which nobody tests Pollster with",
                       "upgrade to 15 or later"});
    }
}

// Sessions end by the database's clock; people and logs go by this host's.
void advise_on_clock(connection& conn, advices& out)
{
    using clock = std::chrono::system_clock;
    const auto micros = [](clock::time_point t) {
        return std::chrono::duration_cast<std::chrono::microseconds>(t.time_since_epoch()).count();
    };
    const auto before = micros(clock::now());
    const auto theirs =
        conn.exec("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")[0][0]
            .as<std::int64_t>();
    const auto after = micros(clock::now());
    constexpr std::int64_t allowed = 2'000'000;
    const auto off = theirs < before ? before - theirs : theirs > after ? theirs - after : 0;
    if (off > allowed) {
        out.push_back({"clock",
                       "the clock of the database is " + std::to_string(off / 1'000'000) +
                           (theirs < before ? " s behind" : " s ahead of") + " that of this host",
                       "time synchronisation (timedatectl) on both hosts"});
    }
}

void advise_on_role(connection& conn, std::size_t connections, advices& out)
{
    const auto r = conn.exec(
        "select current_user, r.rolsuper, case when r.rolconnlimit < 0 then 1000000 else "
        "r.rolconnlimit end, case when d.datconnlimit < 0 then 1000000 else d.datconnlimit end, "
        "current_setting('max_connections')::int "
        "- current_setting('superuser_reserved_connections')::int "
        "from pg_roles r, pg_database d where r.rolname = current_user "
        "and d.datname = current_database()");
    const std::string role = r[0][0].c_str();
    if (r[0][1].as<bool>()) {
        out.push_back({"superuser",
                       "the role \"" + role + "\" is a superuser, which Pollster does not need",
                       "`pollster setup` makes a role that is none; or alter role \"" + role +
                           "\" nosuperuser"});
    }
    const char* const limits[] = {"the role's connection limit", "the database's connection limit",
                                  "max_connections"};
    for (int i = 0; i < 3; ++i) {
        const auto limit = r[0][2 + i].as<std::int64_t>();
        if (limit < static_cast<std::int64_t>(connections)) {
            out.push_back({"connections",
                           std::string(limits[i]) + " leaves " + std::to_string(limit) +
                               " connections, and a process of Pollster may open " +
                               std::to_string(connections),
                           "raise it, or lower database_connections"});
        }
    }
}

// Migration rights_to_serve has the list. A role with the rights of the owner has all of it.
void advise_on_grants(connection& conn, advices& out)
{
    const auto who = conn.exec("select current_user, r.rolsuper, pg_has_role(n.nspowner, 'usage'), "
                               "pg_get_userbyid(n.nspowner) from pg_roles r, pg_namespace n "
                               "where r.rolname = current_user and n.nspname = 'pollster'");
    const std::string role = "the role \"" + std::string(who[0][0].c_str()) + "\"";
    if (who[0][1].as<bool>()) {
        return; // another finding
    }
    if (who[0][2].as<bool>()) {
        out.push_back({"owns",
                       role + " has all rights of \"" + who[0][3].c_str() +
                           "\", which owns the schema, and needs none of them to serve",
                       "`pollster setup` as root makes two roles; with a password: another role in "
                       "database than in database_owner"});
        return;
    }
    const std::string let_serve =
        "`pollster migrate`, or as the owner: select pollster.let_serve('" +
        std::string(who[0][0].c_str()) + "')";
    const auto report = [&](const pqxx::result& rights, const std::string& what) {
        if (!rights.empty()) {
            out.push_back(
                {"grant",
                 role + " " + what + ": " + rights[0][0].c_str() +
                     (rights.size() == 1 ? std::string()
                                         : ", and " + std::to_string(rights.size() - 1) + " more"),
                 let_serve});
        }
    };
    report(conn.exec("select * from pollster.rights_to_serve() except "
                     "select * from pollster.rights_of(current_user) order by 1"),
           "lacks a right");
    report(conn.exec("select * from pollster.rights_of(current_user) except "
                     "select * from pollster.rights_to_serve() order by 1"),
           "has a right that it does not need");
}

// Tables that the contract's views lie on, by whatever detour.
constexpr std::string_view tables_behind =
    "with recursive behind(view, rel) as ("
    "select c.relname::text, c.oid from pg_class c "
    "where c.relnamespace = to_regnamespace('pollster') "
    "and c.relname in ('users', 'walls', 'memberships', 'sessions', 'posts') "
    "union select b.view, d.refobjid from behind b join pg_rewrite w on w.ev_class = b.rel "
    "join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid "
    "and d.refclassid = 'pg_class'::regclass and d.refobjid <> b.rel), "
    "tables as (select b.view, b.rel from behind b join pg_class c on c.oid = b.rel "
    "where c.relkind in ('r', 'p')) ";

void advise_on_triggers(connection& conn, advices& out)
{
    // A view that no table of this database lies behind (a function, a foreign table) is not
    // judged.
    const auto sql =
        std::string(tables_behind) +
        "select n.view, n.function, min(t.rel::regclass::text), bool_or(exists (select from "
        "pg_trigger g join pg_proc f on f.oid = g.tgfoid "
        "where f.pronamespace = to_regnamespace('pollster') and (f.proname = n.function "
        "or n.function = 'access_changed' and f.proname like 'access_changed_of_%') "
        "and g.tgrelid = t.rel and g.tgenabled in ('O', 'A'))) "
        "from (values ('posts', 'feed_entry'), ('posts', 'post_refreshed'), "
        "('posts', 'posts_truncated'), ('memberships', 'access_changed'), "
        "('sessions', 'access_changed'), ('users', 'access_changed'), ('walls', 'wall_removed')) "
        "n(view, function) join tables t on t.view = n.view group by 1, 2 order by 1, 2";
    for (const auto& row : conn.exec(sql.c_str())) {
        if (!row[3].as<bool>()) {
            const std::string function = row[1].c_str();
            out.push_back(
                {"trigger",
                 std::string(row[2].c_str()) + " has no trigger in force with pollster." +
                     function + ": changes of pollster." + row[0].c_str() + " do not reach clients",
                 "create or enable it (`pollster adopt --check` prints it)" +
                     std::string(function == "feed_entry" ? ", then `pollster repair`" : "")});
        }
    }
    const auto off =
        conn.exec("select g.tgname, g.tgrelid::regclass::text from pg_trigger g join pg_class c on "
                  "c.oid = g.tgrelid where c.relnamespace = to_regnamespace('pollster') "
                  "and g.tgenabled not in ('O', 'A') order by 2, 1");
    for (const auto& row : off) {
        out.push_back(
            {"trigger",
             "the trigger " + std::string(row[0].c_str()) + " of " + row[1].c_str() +
                 " is disabled",
             "alter table " + std::string(row[1].c_str()) + " enable trigger " + row[0].c_str()});
    }
}

void advise_on_indexes(connection& conn, advices& out)
{
    const auto missing = conn.exec(
        "select name from unnest(array['access_changes_changed_at', 'access_changes_changed_by', "
        "'client_keys_created_at', 'client_keys_of_wall', 'entries_of_post', 'heads_changed_by']) "
        "name where to_regclass('pollster.' || name) is null order by 1");
    for (const auto& row : missing) {
        out.push_back({"index",
                       "the index pollster." + std::string(row[0].c_str()) +
                           " is missing, so some statements read whole tables",
                       "create it as db/migrations does"});
    }
    const auto broken = conn.exec(
        (std::string(tables_behind) +
         "select distinct i.indexrelid::regclass::text from pg_index i join pg_class c on "
         "c.oid = i.indrelid where not (i.indisvalid and i.indisready) and "
         "(c.relnamespace = to_regnamespace('pollster') or c.oid in (select rel from tables)) "
         "order by 1")
            .c_str());
    for (const auto& row : broken) {
        out.push_back({"index", "the index " + std::string(row[0].c_str()) + " is not valid",
                       "reindex index " + std::string(row[0].c_str())});
    }
    const auto search = conn.exec(
        (std::string(tables_behind) +
         "select min(t.rel::regclass::text), bool_or(exists (select from pg_index i where "
         "i.indrelid = t.rel and pg_get_indexdef(i.indexrelid) like '%pollster.terms(%')) "
         "from tables t where t.view = 'posts'")
            .c_str());
    if (!search[0][0].is_null() && !search[0][1].as<bool>()) {
        out.push_back({"search-index",
                       std::string(search[0][0].c_str()) +
                           " has no index of pollster.terms: a search reads 2,000 posts a page",
                       "create index concurrently ... using gin (pollster.terms(...)), as in "
                       "docs/DATABASE.md"});
    }
}

void advise_on_durability(connection& conn, advices& out)
{
    for (const char* name : {"fsync", "full_page_writes"}) {
        const auto r = conn.exec("select current_setting($1::text)", name);
        if (r[0][0].c_str() == std::string_view("off")) {
            out.push_back({"durability",
                           std::string(name) + " is off: after a crash of the host the database "
                                               "may be damaged, and posts are lost",
                           "alter system set " + std::string(name) + " = on"});
        }
    }
}

} // namespace

outcome<std::vector<advice>> administration::advise(std::size_t connections)
{
    return at_once([&] {
        advices out;
        advise_on_version(connection_, out);
        advise_on_role(connection_, connections, out);
        advise_on_grants(connection_, out);
        advise_on_triggers(connection_, out);
        advise_on_indexes(connection_, out);
        advise_on_durability(connection_, out);
        advise_on_clock(connection_, out);
        return out;
    });
}

} // namespace db
