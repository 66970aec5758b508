// For every column of every view of the contract, every type that an application may have given it
// and every value of that type in the table of foreign_values.cpp: a row with it stands among good
// ones, and every statement of the server is run. The good rows are answered as without it, and the
// row itself becomes what the table says.
#include "tests/db/foreign_fixture.hpp"
#include "tests/db/foreign_values.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

namespace {

struct table_fixture : foreign_fixture {
    // The view over a table of its own in which that column is of that type.
    void lay(const foreign_column& c)
    {
        const auto columns = columns_of(c.view);
        const auto value =
            c.column == "kind" && c.type == "integer" ? "length(kind)" : c.column + "::" + c.type;
        run("create table app.t as select " + with(columns, c.column, value + " as " + c.column) +
            " from pollster_default." + c.view + "; drop view pollster." + c.view +
            "; create view pollster." + c.view + " as select " + columns +
            " from app.t; do $$ begin perform pollster.let_serve(); end $$");
        const std::string deferred =
            " deferrable initially deferred for each row execute function ";
        if (c.view == "posts") {
            const std::string type = c.column == "id" ? c.type : "bigint";
            run("alter table app.t alter id set default nextval('app.ids')::" + type +
                "; create constraint trigger feed_entry after insert or delete or update on app.t" +
                deferred + "pollster.feed_entry()");
        } else if (c.view == "walls") {
            run("create trigger wall_removed after delete on app.t for each row execute function "
                "pollster.wall_removed()");
        } else {
            run("create constraint trigger changed after insert or update or delete on app.t" +
                deferred + "pollster.access_changed(" + (c.view == "users" ? "'id'" : "") + ")");
        }
        // Plans that sessions keep are of the types of before.
        database = std::make_unique<db::database>(settings);
        cli = std::move(db::administrator::connect(settings).value());
    }

    void take_away(const foreign_column& c)
    {
        run("drop view pollster." + c.view + "; drop table app.t; create view pollster." + c.view +
            " as select " + columns_of(c.view) + " from pollster_default." + c.view +
            "; do $$ begin perform pollster.let_serve(); end $$");
    }

    void add(const foreign_column& c, const foreign_value& v)
    {
        const std::string row =
            c.view == "users" ? "88 as id, 'bad' as name, null as password_hash, false as disabled"
            : c.view == "walls"       ? "88 as id, 'bad' as name, 'chat' as kind"
            : c.view == "memberships" ? "1 as user_id, 3 as wall_id"
            : c.view == "sessions"
                ? "sha256('" + bad_token +
                      "') as token_hash, 1 as user_id, now() as created_at, "
                      "timestamptz 'infinity' as expires_at"
                : "88 as id, 1 as wall_id, 1 as user_id, 'bad' as body, timestamptz "
                  "'2026-01-02 03:04:05.678+00' as created_at, null::timestamptz as edited_at";
        run("insert into app.t (" + columns_of(c.view) + ") select " +
            with(columns_of(c.view), c.column, "(" + v.sql + ")::" + c.type) + " from (select " +
            row + ") r");
        // Who it is about, if that is an id.
        const std::string id =
            c.column == "id" ? "pollster.id_of((" + v.sql + ")::" + c.type + ")" : "88::bigint";
        if (c.view == "users") {
            run("insert into pollster_default.sessions (token_hash, user_id, expires_at) select "
                "sha256('" +
                bad_token + "'), id, 'infinity' from (select " + id +
                " as id) i where id is not null");
        } else if (c.view == "walls") {
            run("insert into pollster_default.memberships (user_id, wall_id) select 1, id from "
                "(select " +
                id + " as id) i where id is not null");
        }
    }

    void remove(const foreign_column& c)
    {
        run("delete from app.t t where not exists (select from pollster_default." + c.view +
            " d where (t." +
            (c.view == "memberships" ? "user_id, t.wall_id"
             : c.view == "sessions"  ? "token_hash"
                                     : "id") +
            ") is not distinct from (d." +
            (c.view == "memberships" ? "user_id, d.wall_id"
             : c.view == "sessions"  ? "token_hash"
                                     : "id") +
            "))");
        run("delete from pollster.posts where body like 'new %'");
        run("delete from pollster_default.sessions where token_hash = sha256('" + bad_token +
            "'); delete from pollster_default.memberships where wall_id > 3");
        // As if nothing had been written: the entries of the six posts.
        run("delete from pollster.entries where id > 3 or wall_id > 2; "
            "update pollster.heads set last_entry = 3; delete from pollster.heads where wall_id > "
            "2");
    }

    std::string outcome_of(const foreign_column& c)
    {
        if (c.view == "users" || c.view == "sessions") {
            const auto found = sessions().find_identities(std::vector{bad_token});
            const auto identity = found ? found->at(0) : nullptr;
            const auto id = identity ? std::to_string(number(identity->user)) : "";
            return !identity
                       ? "refused"
                       : id + " " +
                             (c.view == "users" ? identity->user_name : utc(identity->expires));
        }
        if (c.view == "memberships") {
            const auto identity = sessions().find_identities(std::vector{of_ann}).value().at(0);
            return identity->may_see(walls::wall_id{3}) ? "member" : "refused";
        }
        if (c.view == "walls") {
            const auto mine = posts().walls_of(ann).value();
            for (const auto& w : mine) {
                if (number(w.id) > 3) {
                    return std::to_string(number(w.id)) + " " + w.name + " " + w.kind;
                }
            }
            return "refused";
        }
        const std::vector<walls::cursor> from{{walls::wall_id{1}, walls::entry_id{3}}};
        const auto pages = feed().entries_after(from, room).value();
        for (const auto& e : pages.at(0).entries) {
            return std::to_string(number(e.post)) + " " + std::to_string(number(e.user)) + " " +
                   e.body.value_or("(none)") + " " + e.created_at + " " + e.edited_at.value_or("-");
        }
        return "refused";
    }

    void try_all(const std::string& view)
    {
        for (const auto& c : foreign_columns()) {
            if (c.view == view) {
                try_column(c);
            }
        }
    }

    void try_column(const foreign_column& c)
    {
        lay(c);
        const auto before = read();
        for (const auto& v : c.values) {
            BOOST_TEST_CONTEXT(c.view << "." << c.column << " " << c.type << " " << v.sql)
            {
                try {
                    add(c, v);
                    const auto after = read();
                    BOOST_TEST(missing(before, after) == "");
                    auto outcome = outcome_of(c);
                    const std::string now = "(of the entry)";
                    if (const auto at = v.outcome.find(now);
                        at != std::string::npos && outcome.size() >= at + 24) {
                        outcome.replace(at, 24, now);
                    }
                    // A good row or none: one line in each of nine lists at most.
                    BOOST_TEST(after.size() <= before.size() + 9);
                    BOOST_TEST((outcome == v.outcome), outcome.substr(0, 200)
                                                           << " instead of "
                                                           << v.outcome.substr(0, 200));
                    write();
                } catch (const std::exception& e) {
                    BOOST_ERROR(e.what());
                }
                remove(c);
            }
        }
        take_away(c);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(values_, table_fixture)

BOOST_AUTO_TEST_CASE(every_column_of_every_view_is_in_the_table)
{
    std::set<std::string> tried;
    for (const auto& c : foreign_columns()) {
        tried.insert(c.view + "." + c.column);
    }
    std::string listed;
    for (const auto& one : tried) {
        listed += (listed.empty() ? "" : ",") + one;
    }
    BOOST_TEST(sql("select string_agg(table_name || '.' || column_name, ',' order by table_name "
                   "collate \"C\", "
                   "column_name collate \"C\") from information_schema.columns "
                   "where table_schema = 'pollster' and table_name in (select table_name from "
                   "information_schema.views where table_schema = 'pollster' and table_name not "
                   "like 'served%' and table_name <> 'open_walls')") == listed);
}

BOOST_AUTO_TEST_CASE(whatever_a_user_holds_the_neighbours_never_notice)
{
    try_all("users");
}

BOOST_AUTO_TEST_CASE(whatever_a_wall_holds_the_neighbours_never_notice)
{
    try_all("walls");
}

BOOST_AUTO_TEST_CASE(whatever_a_membership_holds_the_neighbours_never_notice)
{
    try_all("memberships");
}

BOOST_AUTO_TEST_CASE(whatever_a_session_holds_the_neighbours_never_notice)
{
    try_all("sessions");
}

BOOST_AUTO_TEST_CASE(whatever_a_post_holds_the_neighbours_never_notice)
{
    try_all("posts");
}

BOOST_AUTO_TEST_SUITE_END()
