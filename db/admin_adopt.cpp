#include "db/administration.hpp"

#include <string_view>

namespace db {
namespace {

// Does any table that does not belong to Pollster lie behind these views?
constexpr char is_adopted[] =
    "select exists (select from unnest($1::text[]) v(name) "
    "cross join lateral pollster.behind(to_regclass('pollster.' || v.name)) b "
    "join pg_class c on c.oid = b.rel "
    "where c.relnamespace not in ('pollster'::regnamespace, 'pollster_default'::regnamespace))";

// The views as temporary ones, which nobody else sees: what they need is derived from them as if
// they were there. Where the draft leaves out a view, Pollster's own stays.
void draft(connection& conn, adoption& out)
{
    const auto rows = conn.exec(
        "select d.view, d.body, d.told, d.ddl, v.view as name, pg_get_viewdef(c.oid), "
        "format(E'alter view pollster.%s owner to %s;\\n', v.view, c.relowner::regrole) || "
        "coalesce((select string_agg(format(E'grant %s on pollster.%s to %s;\\n', "
        "a.privilege_type, "
        "v.view, case a.grantee when 0 then 'public' else a.grantee::regrole::text end), '') "
        "from aclexplode(c.relacl) a where a.grantee <> c.relowner), '') "
        "from unnest('{users,walls,memberships,sessions,posts}'::text[]) with ordinality "
        "v(view, n) join pg_class c on c.oid = to_regclass('pollster.' || v.view) "
        "left join pollster.draft_of_views() d on d.view = v.view order by v.n");
    const auto numbers =
        conn.exec("select told, ddl from pollster.draft_of_views() where view = 'numbers'");
    if (!numbers.empty()) {
        out.told.emplace_back(numbers[0][0].c_str());
        out.numbers = numbers[0][1].c_str();
        return;
    }
    std::string after;
    for (const auto& row : rows) {
        const std::string name = row[4].c_str();
        if (!row[2].is_null()) {
            out.told.emplace_back(row[2].c_str());
        }
        const bool drafted = !row[1].is_null();
        std::string body = row[drafted ? 1 : 5].c_str();
        conn.exec(("create temporary view " + name + " as " + body).c_str());
        if (drafted) {
            out.views += "drop view pollster." + name + ";\ncreate view pollster." + name +
                         " as\n    " + body + ";\n" + row[6].c_str();
        }
        after += row[3].is_null() ? "" : row[3].c_str();
    }
    out.views += after;
    if (!out.views.empty()) {
        out.views += "select pollster.let_serve();\n"; // to read them, too
    }
}

std::string locked_table(connection& conn, const std::string& schema)
{
    const auto rows = conn.exec(
        "select f.rel::text from pollster.feed_trigger_wanted($1::text) f where f.rel is not null",
        schema);
    return rows.empty() ? std::string() : rows[0][0].c_str();
}

// What lets look at what lies behind the views this role, and those with whose rights views are
// read, for others to run; empty: nothing is known to help.
std::string what_lets_it_look(connection& conn)
{
    const auto rows = conn.exec(
        "select string_agg(distinct format('grant usage on schema %1$I to %2$I; grant select, "
        "trigger on all tables in schema %1$I to %2$I;', n.nspname, r.rolname), ' ') "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "join pg_roles r on r.rolname in (select current_user "
        "union select v.reader from pollster.readers_of_views() v) "
        "where c.relkind in ('r', 'p', 'v', 'm', 'f') "
        "and n.nspname !~ '^(pg_|information_schema$|pollster)' "
        "and not (has_schema_privilege(r.oid, n.oid, 'usage') "
        "and has_table_privilege(r.oid, c.oid, 'select')) "
        "union all "
        // A view reads tables with the rights of its owner.
        "select string_agg(format('alter view %s owner to %s;', c.oid::regclass, "
        "n.nspowner::regrole), ' ' order by c.oid::regclass::text) "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = 'pollster' and c.relkind = 'v' and c.relowner <> n.nspowner");
    if (!rows[0][0].is_null()) {
        return std::string("; as the owner of the tables: ") + rows[0][0].c_str();
    }
    return rows[1][0].is_null() ? std::string()
                                : std::string("; as a superuser: ") + rows[1][0].c_str();
}

} // namespace

outcome<adoption> administration::adopt(bool drafts)
{
    try {
        connection_.exec("begin");
        adoption out;
        // Open walls of the application's are checked, but a draft of the five is no less wanted.
        out.adopted =
            connection_
                .exec(is_adopted, drafts
                                      ? "{users,walls,memberships,sessions,posts}"
                                      : "{users,walls,memberships,sessions,posts,open_walls}")[0][0]
                .as<bool>();
        std::string schema = "pollster";
        if (!out.adopted && drafts) {
            draft(connection_, out);
            schema = "pg_temp";
        }
        if (out.adopted || !out.views.empty()) {
            for (const auto& row :
                 connection_.exec("select distinct place, word, what, remedy, coalesce(sql, '') "
                                  "from pollster.adoption($1::text) order by 1, 2, 3, 5",
                                  schema)) {
                out.findings.push_back({row[0].as<int>(), row[1].c_str(), row[2].c_str(),
                                        row[3].c_str(), row[4].c_str()});
            }
            out.posts = locked_table(connection_, schema);
        }
        connection_.exec("rollback");
        return out;
    } catch (const pqxx::sql_error& e) {
        undo();
        std::string why = describe(e).why;
        if (sqlstate_of(e) == "42501") {
            try {
                why = why.substr(0, why.find(" CONTEXT:")) + what_lets_it_look(connection_);
            } catch (const std::exception&) {
                undo();
            }
        }
        return refusal{why};
    } catch (const std::exception& e) {
        undo();
        return refusal{describe(e).why};
    }
}

} // namespace db
