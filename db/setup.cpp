#include "db/setup.hpp"

#include "db/conninfo.hpp"
#include "db/setbacks.hpp"

#include <libpq-fe.h>

#include <poll.h>

#include <optional>

namespace db {

namespace {

using connection_of_libpq = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using result_of_libpq = std::unique_ptr<PGresult, decltype(&PQclear)>;

// The connection stands, or it has failed: what PQconnectdb() does, but with time to ask for the
// SQLSTATE before the server says no.
PGconn* connected(const std::string& conninfo)
{
    PGconn* c = PQconnectStart(conninfo.c_str());
    if (c == nullptr || PQstatus(c) == CONNECTION_BAD) {
        return c;
    }
    PQsetErrorVerbosity(c, PQERRORS_VERBOSE);
    constexpr int longest_ms = 30'000;
    for (auto state = PGRES_POLLING_WRITING;
         state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED;) {
        pollfd p{PQsocket(c), static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                 0};
        if (::poll(&p, 1, longest_ms) == 0) {
            break;
        }
        state = PQconnectPoll(c);
    }
    return c;
}

class session final : public founder {
public:
    explicit session(connection_of_libpq c)
        : c_(std::move(c))
    {
        PQsetErrorVerbosity(c_.get(), PQERRORS_TERSE);
        PQsetNoticeProcessor(c_.get(), [](void*, const char*) {}, nullptr);
    }

    std::string user() const override { return PQuser(c_.get()); }

    std::string hba_file() override
    {
        const auto file = value("show hba_file");
        return file ? *file : std::string();
    }

    attempt<step> rename_owner(const std::string& serving, const std::string& owner,
                               const std::string& database) override
    {
        const auto owned =
            value("select count(*) from pg_database d join pg_roles r on r.oid = "
                  "d.datdba where d.datname = " +
                  literal(database) + " and r.rolname = " + literal(serving) +
                  " and not exists (select from pg_roles where rolname = " + literal(owner) + ")");
        if (!owned) {
            return owned.error();
        }
        return *owned == "0"
                   ? attempt<step>(step::was_there)
                   : done("alter role " + identifier(serving) + " rename to " + identifier(owner),
                          step::changed);
    }

    attempt<step> role(const std::string& name) override
    {
        const auto can_log_in =
            value("select rolcanlogin from pg_roles where rolname = " + literal(name));
        if (!can_log_in) {
            return can_log_in.error();
        }
        if (can_log_in->empty()) {
            return done("create role " + identifier(name) + " login", step::made);
        }
        return *can_log_in == "t"
                   ? attempt<step>(step::was_there)
                   : done("alter role " + identifier(name) + " login", step::changed);
    }

    attempt<step> database(const std::string& name, const std::string& owner,
                           const std::string& serving) override
    {
        const auto theirs = value(
            "select pg_get_userbyid(datdba) from pg_database where datname = " + literal(name));
        if (!theirs) {
            return theirs.error();
        }
        if (!theirs->empty()) {
            return *theirs != serving || serving == owner
                       ? attempt<step>(step::was_there)
                       : done("alter database " + identifier(name) + " owner to " +
                                  identifier(owner),
                              step::changed);
        }
        const auto encoding = value("select pg_encoding_to_char(encoding) from pg_database "
                                    "where datname = 'template1'");
        if (!encoding) {
            return encoding.error();
        }
        // A machine without a locale makes clusters in SQL_ASCII.
        const auto made =
            run("create database " + identifier(name) + " owner " + identifier(owner) +
                (*encoding == "UTF8" ? ""
                                     : " encoding 'UTF8' template template0 "
                                       "lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'"));
        if (!made) {
            return made.error();
        }
        return done("revoke temporary on database " + identifier(name) + " from public",
                    step::made);
    }

    attempt<step> extension(const std::string& name) override
    {
        const auto there =
            value("select count(*) from pg_extension where extname = " + literal(name));
        if (!there) {
            return there.error();
        }
        return *there != "0" ? attempt<step>(step::was_there)
                             : done("create extension " + identifier(name) + " with schema public",
                                    step::made);
    }

    attempt<step> right_to_create(const std::string& role) override
    {
        const auto may = [&] {
            return value("select has_database_privilege(" + literal(role) +
                         ", current_database(), 'create')");
        };
        const auto before = may();
        if (!before) {
            return before.error();
        }
        if (*before == "t") {
            return step::was_there;
        }
        const auto granted = run("grant create, connect, temporary on database " +
                                 identifier(PQdb(c_.get())) + " to " + identifier(role));
        if (!granted) {
            return granted.error();
        }
        // Who has some right here, but none to give, is only warned.
        const auto after = may();
        if (!after) {
            return after.error();
        }
        return *after == "t" ? attempt<step>(step::made)
                             : attempt<step>(setback{
                                   obstacle::no_right,
                                   "\"" + role + "\" may not make schemas in the database \"" +
                                       PQdb(c_.get()) + "\""});
    }

    attempt<step> schema_owner(const std::string& role, const std::string& serving) override
    {
        const auto closed =
            value("select count(*) from pg_namespace n join pg_roles r on r.oid = n.nspowner "
                  "where n.nspname in ('pollster', 'pollster_default') "
                  "and (not has_schema_privilege(" +
                  literal(role) + ", n.oid, 'usage') or r.rolname = " + literal(serving) +
                  " and r.rolname <> " + literal(role) +
                  // Versions before left types behind.
                  " or exists (select from pg_type t where t.typnamespace = n.oid and "
                  "t.typtype in ('e', 'd', 'r') and t.typowner <> n.nspowner))");
        if (!closed) {
            return closed.error();
        }
        if (*closed == "0") {
            return step::was_there;
        }
        return done(give_away(literal(role)), step::changed);
    }

private:
    // All that the migrations made. What belongs to an extension stays, and what belongs to a
    // table goes with it.
    static std::string give_away(const std::string& role)
    {
        return R"(do $$
declare
    it record;
    new_owner text := )" +
               role + R"(;
begin
    for it in
        select format('alter schema %I owner to %I', n.nspname, new_owner) as sql, 0 as turn
            from pg_namespace n where n.nspname in ('pollster', 'pollster_default')
        union all
        select format('alter %s %I.%I owner to %I', case c.relkind when 'v' then 'view' when 'S' then 'sequence'
                      when 'c' then 'type' else 'table' end, n.nspname, c.relname, new_owner), 1
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname in ('pollster', 'pollster_default') and c.relkind in ('r', 'v', 'S', 'c')
              and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                              and d.deptype in ('e', 'i', 'a') and d.refclassid in ('pg_class'::regclass, 'pg_extension'::regclass))
        union all -- enums, domains and ranges; other types are those of a table or of one of these
        select format('alter type %I.%I owner to %I', n.nspname, t.typname, new_owner), 1
            from pg_type t join pg_namespace n on n.oid = t.typnamespace
            where n.nspname in ('pollster', 'pollster_default') and t.typtype in ('e', 'd', 'r')
              and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid
                              and d.deptype = 'e')
        union all
        select format('alter routine %s owner to %I', p.oid::regprocedure, new_owner), 2
            from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where n.nspname in ('pollster', 'pollster_default')
              and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid
                              and d.deptype = 'e')
        order by turn
    loop
        execute it.sql;
    end loop;
end $$)";
    }

    attempt<result_of_libpq> run(const std::string& sql)
    {
        result_of_libpq r(PQexec(c_.get(), sql.c_str()), &PQclear);
        const auto status = PQresultStatus(r.get());
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
            return r;
        }
        const char* state = PQresultErrorField(r.get(), PG_DIAG_SQLSTATE);
        return why_refused(state, PQerrorMessage(c_.get()));
    }

    // The first column of the first row; empty: there is none, or it is null.
    attempt<std::string> value(const std::string& sql)
    {
        auto r = run(sql);
        if (!r) {
            return r.error();
        }
        return std::string(PQntuples(r->get()) > 0 ? PQgetvalue(r->get(), 0, 0) : "");
    }

    attempt<step> done(const std::string& sql, step what)
    {
        const auto r = run(sql);
        return r ? attempt<step>(what) : attempt<step>(r.error());
    }

    std::string escaped(char* text)
    {
        const std::unique_ptr<char, decltype(&PQfreemem)> held(text, &PQfreemem);
        return held ? held.get() : "";
    }
    std::string literal(const std::string& text)
    {
        return escaped(PQescapeLiteral(c_.get(), text.data(), text.size()));
    }
    std::string identifier(const std::string& text)
    {
        return escaped(PQescapeIdentifier(c_.get(), text.data(), text.size()));
    }

    connection_of_libpq c_;
};

std::string in_double_quotes(const std::string& name)
{
    std::string out = "\"";
    for (const char c : name) {
        out += c == '"' ? "\"\"" : std::string(1, c);
    }
    return out + '"';
}

} // namespace

attempt<std::unique_ptr<founder>> founder::connect(const std::string& conninfo)
{
    connection_of_libpq c(
        connected(complete_conninfo(conninfo,
                                    {std::chrono::milliseconds(0),
                                     "-c lock_timeout=60s -c search_path=pg_catalog", "setup"})),
        &PQfinish);
    if (PQstatus(c.get()) != CONNECTION_OK) {
        return why_not_connected(PQerrorMessage(c.get()));
    }
    return std::unique_ptr<founder>(std::make_unique<session>(std::move(c)));
}

std::vector<std::string> founding_sql(const std::string& owner, const std::string& serving,
                                      const std::string& database, bool with_password, missing from)
{
    std::vector<std::string> out;
    const auto add_role = [&](const std::string& role) {
        out.push_back("create role " + in_double_quotes(role) + " login;");
        if (with_password) {
            out.push_back("\\password " + in_double_quotes(role));
        }
    };
    if (from == missing::role) {
        add_role(owner);
        if (serving != owner) {
            add_role(serving);
        }
    }
    if (from == missing::role || from == missing::database) {
        out.push_back("create database " + in_double_quotes(database) + " owner " +
                      in_double_quotes(owner) + " encoding 'UTF8' template template0;");
        out.push_back("revoke temporary on database " + in_double_quotes(database) +
                      " from public;");
    } else if (from == missing::right) {
        out.push_back("grant create, connect, temporary on database " + in_double_quotes(database) +
                      " to " + in_double_quotes(owner) + ';');
    }
    out.push_back("\\connect " + in_double_quotes(database));
    out.emplace_back("create extension if not exists pgcrypto with schema public;");
    return out;
}

} // namespace db
