// A database in which an application owns some of the views: what every statement of the server
// answers for the good rows in it. For values_pgtest and generated_values_pgtest.
#pragma once

#include "db/admin.hpp"
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <libpq-fe.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using lines = std::vector<std::string>;

inline std::string columns_of(const std::string& view)
{
    return view == "users"         ? "id, name, password_hash, disabled"
           : view == "walls"       ? "id, name, kind"
           : view == "memberships" ? "user_id, wall_id"
           : view == "sessions"    ? "token_hash, user_id, created_at, expires_at"
                                   : "id, wall_id, user_id, body, created_at, edited_at";
}

// "id::numeric, name": the columns with that one changed into an expression.
inline std::string with(const std::string& columns, const std::string& column,
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

inline std::string utc(std::chrono::sys_time<std::chrono::milliseconds> t)
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
inline std::string missing(const lines& wanted, const lines& found)
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

struct foreign_fixture : database_fixture {
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

    template <class T>
    static bool told(lines& out, const std::string& what, const walls::result<T>& r)
    {
        if (!r) {
            out.push_back(what + ": " + r.error().why);
        }
        return r.has_value();
    }

    template <class T>
    static bool told(lines& out, const std::string& what, const db::answer<T>& a)
    {
        if (!a) {
            out.push_back(what + ": " + why_not(a));
        }
        return a.has_value();
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
        if (const auto found = sessions().find_identities(tokens); told(out, "who", found)) {
            for (std::size_t i = 0; i < 2; ++i) {
                const auto& found_identity = (*found)[i];
                const auto owner = found_identity ? found_identity->user_name : "nobody";
                out.push_back("who " + owner + " " +
                              (found_identity ? utc(found_identity->expires) : ""));
                for (const auto wall :
                     found_identity ? found_identity->walls : std::vector<walls::wall_id>{}) {
                    out.push_back(owner + " sees " + std::to_string(number(wall)));
                }
            }
        }
        const std::vector<walls::cursor> from{{walls::wall_id{1}, walls::entry_id{0}},
                                              {walls::wall_id{2}, walls::entry_id{0}}};
        if (const auto pages = feed().entries_after(from, room);
            told(out, "entries_after", pages)) {
            for (const auto& page : *pages) {
                for (const auto& e : page.entries) {
                    add_entry(out, "entry of " + std::to_string(number(page.wall)), e);
                }
            }
        }
        for (const int wall : {1, 2}) {
            const walls::wall_id id{wall};
            if (const auto h = posts().posts_before(ann, id, {}, 50);
                told(out, "posts_before", h)) {
                for (const auto& e : h->posts) {
                    add_entry(out, "post of " + std::to_string(wall), e);
                }
            }
            if (const auto h = posts().search(ann, {id, "hello", {}, 50}); told(out, "search", h)) {
                for (const auto& e : h->posts) {
                    add_entry(out, "found on " + std::to_string(wall), e);
                }
            }
        }
        for (const auto& asker : {ann, bob}) {
            if (const auto list = posts().walls_of(asker); told(out, "walls_of", list)) {
                for (const auto& w : *list) {
                    out.push_back("wall of " + std::to_string(number(asker.user)) + " " +
                                  std::to_string(number(w.id)) + " " + w.name + " " + w.kind);
                }
            }
        }
        const std::vector<walls::wall_id> also{walls::wall_id{1}, walls::wall_id{2}};
        if (const auto found = feed().look(also); told(out, "look", found)) {
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
        const auto answers = posts().add_posts(group);
        BOOST_TEST_REQUIRE(answers.size() == 4u);
        for (std::size_t i = 0; i < 4; ++i) {
            BOOST_TEST(!db::error_of(answers[i]).has_value(), why_not(answers[i]));
            if (db::error_of(answers[i])) {
                return;
            }
            BOOST_TEST(is_written(answers[i]) == (i < 3));
        }
        const auto first = written(answers[0]);
        db::post_change change{walls::wall_id{1}, reader(1), first.entry.post, "new e", {}};
        const auto edited = posts().change_post(change);
        BOOST_TEST(is_written(edited), why_not(edited));
        change.body.reset();
        const auto deleted = posts().change_post(change);
        BOOST_TEST(is_written(deleted), why_not(deleted));
    }
};
