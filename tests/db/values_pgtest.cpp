// For every column of every view of the contract, every type that an application may have given it
// and every value of that type in the table of foreign_values.cpp: a row with it stands among good
// ones, and every statement of the server is run. The good ones are answered as without it, and of
// the row itself becomes what the table says.
#include "db/admin.hpp"
#include "tests/db/foreign_values.hpp"
#include "tests/db/store_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <libpq-fe.h>

#include <algorithm>
#include <set>

namespace {

using lines = std::vector<std::string>;

const std::string columns_of(const std::string& view)
{
    return view == "users"         ? "id, name, password_hash, disabled"
           : view == "walls"       ? "id, name, kind"
           : view == "memberships" ? "user_id, wall_id"
           : view == "sessions"    ? "token_hash, user_id, created_at, expires_at"
                                   : "id, wall_id, user_id, body, created_at, edited_at";
}

// "id::numeric, name": the columns with that one changed into an expression.
std::string with(const std::string& columns, const std::string& column,
                 const std::string& expression)
{
    std::string out;
    for (std::size_t from = 0; from < columns.size();) {
        const auto to = std::min(columns.find(", ", from), columns.size());
        const auto one = columns.substr(from, to - from);
        out += (out.empty() ? "" : ", ") + (one == column ? expression : one);
        from = to + 2;
    }
    return out;
}

std::string utc(std::chrono::sys_time<std::chrono::milliseconds> t)
{
    const auto day = std::chrono::floor<std::chrono::days>(t);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(t - day);
    char text[64];
    std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
    return text;
}

// Is each of these among those, in this order?
std::string missing(const lines& wanted, const lines& found)
{
    auto at = found.begin();
    for (const auto& line : wanted) {
        at = std::find(at, found.end(), line);
        if (at == found.end()) {
            return line;
        }
        ++at;
    }
    return {};
}

struct foreign_fixture : store_fixture {
    const std::string bad_token = std::string(43, 'b');
    const std::string of_ann = token_of(1, "1 year");
    const std::string of_bob = token_of(2, "1 year");
    const db::reader ann{of_ann, walls::user_id{1}};
    const db::reader bob{of_bob, walls::user_id{2}};
    const walls::page_limits room{100, 1'000'000, 1'000'000};
    std::unique_ptr<db::administrator> cli;
    // Kept, since a connection costs more than what is sent on it here.
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{
        PQconnectdb(pg.test_conninfo(name).c_str()), &PQfinish};

    void run(const std::string& text) const
    {
        const std::unique_ptr<PGresult, decltype(&PQclear)> r(
            PQexec(connection.get(), text.c_str()), &PQclear);
        if (PQresultStatus(r.get()) != PGRES_COMMAND_OK) {
            throw std::runtime_error(PQerrorMessage(connection.get()));
        }
    }

    foreign_fixture()
    {
        sql("create schema app; create domain app.short_text as text; "
            "create type app.kinds as enum ('chat', 'board', 'notices', 'odd'); "
            "create sequence app.ids start 1000; "
            "alter table pollster_default.memberships drop constraint memberships_user_id_fkey, "
            "drop constraint memberships_wall_id_fkey; "
            "alter table pollster_default.sessions drop constraint sessions_user_id_fkey; "
            "alter table pollster_default.posts drop constraint posts_user_id_fkey");
        sql("insert into pollster.posts (id, wall_id, user_id, body, created_at) select n, 1 + n % "
            "2, 1 + n % 3, "
            "'hello ' || n, '2026-01-01' from generate_series(1, 6) n");
        cli = std::move(db::administrator::connect(settings).value());
    }

    // The view over a table of its own in which that column is of that type.
    void lay(const foreign_column& c)
    {
        const auto columns = columns_of(c.view);
        const auto value =
            c.column == "kind" && c.type == "integer" ? "length(kind)" : c.column + "::" + c.type;
        run("create table app.t as select " + with(columns, c.column, value + " as " + c.column) +
            " from pollster_default." + c.view + "; drop view pollster." + c.view +
            "; create view pollster." + c.view + " as select " + columns + " from app.t");
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
        store = db::store::open(settings);
        cli = std::move(db::administrator::connect(settings).value());
    }

    void take_away(const foreign_column& c)
    {
        run("drop view pollster." + c.view + "; drop table app.t; create view pollster." + c.view +
            " as select " + columns_of(c.view) + " from pollster_default." + c.view);
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

    template <class T>
    static bool told(lines& out, const std::string& what, const walls::result<T>& r)
    {
        if (!r) {
            out.push_back(what + ": " + r.error().why);
        }
        return r.has_value();
    }

    static void add_entry(lines& out, const std::string& what, const walls::entry& e)
    {
        out.push_back(what + " " + std::to_string(number(e.id)) + " " +
                      std::to_string(number(e.post)) + " " + e.kind + " " +
                      std::to_string(number(e.user)) + " " + e.user_name + " " +
                      e.body.value_or("-").substr(0, 99) + " " + e.created_at);
    }

    // What the good ones are answered, a line each.
    lines read()
    {
        lines out;
        lines tokens{of_ann, of_bob};
        for (int i = 0; i < 198; ++i) {
            tokens.push_back(std::string(40, 'n') + std::to_string(100 + i));
        }
        tokens.push_back(bad_token);
        if (const auto found = store->who(tokens); told(out, "who", found)) {
            for (std::size_t i = 0; i < 2; ++i) {
                const auto& who = (*found)[i];
                const auto owner = who ? who->user_name : "nobody";
                out.push_back("who " + owner + " " + (who ? utc(who->expires) : ""));
                for (const auto wall : who ? who->walls : std::vector<walls::wall_id>{}) {
                    out.push_back(owner + " sees " + std::to_string(number(wall)));
                }
            }
        }
        const std::vector<walls::cursor> from{{walls::wall_id{1}, walls::entry_id{0}},
                                              {walls::wall_id{2}, walls::entry_id{0}}};
        if (const auto pages = store->entries_after(from, room);
            told(out, "entries_after", pages)) {
            for (const auto& page : *pages) {
                for (const auto& e : page.entries) {
                    add_entry(out, "entry of " + std::to_string(number(page.wall)), e);
                }
            }
        }
        for (const int wall : {1, 2}) {
            const walls::wall_id id{wall};
            if (const auto h = store->posts_before(ann, id, {}, 50); told(out, "posts_before", h)) {
                for (const auto& e : std::get<db::history>(*h).posts) {
                    add_entry(out, "post of " + std::to_string(wall), e);
                }
            }
            if (const auto h = store->search(ann, {id, "hello", {}, 50}); told(out, "search", h)) {
                for (const auto& e : std::get<db::history>(*h).posts) {
                    add_entry(out, "found on " + std::to_string(wall), e);
                }
            }
        }
        for (const auto& who : {ann, bob}) {
            if (const auto list = store->walls_of(who); told(out, "walls_of", list)) {
                for (const auto& w : std::get<std::vector<db::wall_summary>>(*list)) {
                    out.push_back("wall of " + std::to_string(number(who.user)) + " " +
                                  std::to_string(number(w.id)) + " " + w.name + " " + w.kind);
                }
            }
        }
        const std::vector<walls::wall_id> also{walls::wall_id{1}, walls::wall_id{2}};
        if (const auto found = store->look(also); told(out, "look", found)) {
            std::set<std::int64_t> heads;
            for (const auto& h : found->heads) {
                heads.insert(number(h.wall));
            }
            for (const auto wall : heads) {
                out.push_back("head " + std::to_string(wall));
            }
        }
        list(out);
        return out;
    }

    void list(lines& out)
    {
        if (const auto users = cli->list_users()) {
            for (const auto& u : *users) {
                out.push_back("user " + std::to_string(number(u.id)) + " " + u.name +
                              (u.disabled ? " disabled" : ""));
            }
        } else {
            out.push_back("list_users: " + users.error().sentence);
        }
        if (const auto walls = cli->list_walls()) {
            for (const auto& w : *walls) {
                out.push_back("wall " + std::to_string(number(w.id)) + " " + w.name + " " + w.kind);
            }
        } else {
            out.push_back("list_walls: " + walls.error().sentence);
        }
        if (const auto sessions = cli->list_sessions("")) {
            for (const auto& s : *sessions) {
                out.push_back("session " + s.id + " " + s.user_name + " " + s.expires_at);
            }
        } else {
            out.push_back("list_sessions: " + sessions.error().sentence);
        }
    }

    // Others write beside it.
    void write()
    {
        const auto post = [](int wall, int user, const std::string& body) {
            return db::new_post{walls::wall_id{wall}, reader(user), body, {}};
        };
        const std::vector<db::new_post> group{post(1, 1, "new a"), post(2, 2, "new b"),
                                              post(1, 3, "new c"), post(3, 2, "new d")};
        const auto answers = store->add_posts(group);
        BOOST_TEST_REQUIRE(answers.size() == 4u);
        for (std::size_t i = 0; i < 4; ++i) {
            BOOST_TEST(answers[i].has_value(), (answers[i] ? "" : answers[i].error().why));
            if (!answers[i]) {
                return;
            }
            BOOST_TEST(std::holds_alternative<db::post_created>(*answers[i]) == (i < 3));
        }
        const auto* first = std::get_if<db::post_created>(&*answers[0]);
        BOOST_TEST_REQUIRE(first != nullptr);
        db::post_change change{walls::wall_id{1}, reader(1), first->entry.post, "new e", {}};
        const auto edited = store->change_post(change);
        BOOST_TEST((edited && std::holds_alternative<db::post_changed>(*edited)),
                   (edited ? "" : edited.error().why));
        change.body.reset();
        const auto deleted = store->change_post(change);
        BOOST_TEST((deleted && std::holds_alternative<db::post_changed>(*deleted)),
                   (deleted ? "" : deleted.error().why));
    }

    std::string outcome_of(const foreign_column& c)
    {
        if (c.view == "users" || c.view == "sessions") {
            const auto found = store->who(std::vector{bad_token});
            const auto who = found ? found->at(0) : nullptr;
            const auto id = who ? std::to_string(number(who->user)) : "";
            return !who ? "refused"
                        : id + " " + (c.view == "users" ? who->user_name : utc(who->expires));
        }
        if (c.view == "memberships") {
            const auto who = store->who(std::vector{of_ann}).value().at(0);
            return who->may_see(walls::wall_id{3}) ? "member" : "refused";
        }
        if (c.view == "walls") {
            const auto mine = store->walls_of(ann).value();
            for (const auto& w : std::get<std::vector<db::wall_summary>>(mine)) {
                if (number(w.id) > 3) {
                    return std::to_string(number(w.id)) + " " + w.name + " " + w.kind;
                }
            }
            return "refused";
        }
        const std::vector<walls::cursor> from{{walls::wall_id{1}, walls::entry_id{3}}};
        const auto pages = store->entries_after(from, room).value();
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

BOOST_FIXTURE_TEST_SUITE(values_, foreign_fixture)

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
                   "information_schema.views where table_schema = 'pollster')") == listed);
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
