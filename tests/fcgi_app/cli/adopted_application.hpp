// An application with tables of its own, in a database that Pollster was migrated into: adopted by
// what `pollster adopt` prints. For the tests of that command.
#pragma once

#include "db/admin.hpp"
#include "db/database.hpp"
#include "db/feed.hpp"
#include "db/migrate.hpp"
#include "db/posts.hpp"
#include "db/sessions.hpp"
#include "fcgi_app/cli/command.hpp"
#include "tests/db/answers.hpp"
#include "tests/db/private_postgres.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

inline std::string file(const std::string& name)
{
    std::ifstream in("tests/db/schemas/" + name + ".sql");
    BOOST_REQUIRE_MESSAGE(in, name);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct typed {
    int code = -1;
    std::string out;
    std::string err;
};

struct application {
    private_postgres& pg = private_postgres::shared();
    std::string name = pg.migrated_database();
    std::string token = std::string(43, 't');
    std::unique_ptr<db::database> database;

    explicit application(const std::string& ddl) { sql(ddl); }

    std::string sql(const std::string& text) const { return pg.sql(name, text); }

    typed type(const std::vector<std::string>& words) const
    {
        std::istringstream in;
        std::ostringstream out;
        std::ostringstream err;
        const pollster::cli::context with{in,
                                          out,
                                          err,
                                          false,
                                          {{"POLLSTER_CONFIG", "/dev/null"}},
                                          db::administrator::connect,
                                          db::migrate,
                                          {},
                                          {}};
        typed t;
        t.code = pollster::cli::main(with, words);
        t.out = out.str();
        t.err = err.str();
        return t;
    }
    typed check() const { return type({"adopt", "--check", pg.owner_conninfo(name)}); }

    // Runs what is printed, and nothing else, until it prints no draft any more.
    void adopt()
    {
        for (int run = 0; run < 2; ++run) {
            const auto draft = type({"adopt", pg.owner_conninfo(name)});
            BOOST_TEST_REQUIRE(draft.code == 0, draft.err);
            sql(draft.out);
            if (draft.out.find("create view") != std::string::npos) {
                break;
            }
        }
        sound();
        database = std::make_unique<db::database>(pg.settings(name));
        look();
    }
    void sound() const
    {
        const auto found = check();
        BOOST_TEST(found.code == 0, found.out + found.err);
        BOOST_TEST(found.out == "-- nothing is missing\n");
    }
    walls::changes look() const { return database->feed().look({}).value(); }
    // "users 1 2 walls 1 everybody": whose access changed by this.
    std::string told_of(const std::string& text) const
    {
        sql(text);
        const auto c = look();
        std::set<std::int64_t> users;
        std::set<std::int64_t> of_walls;
        for (const auto user : c.access_changed) {
            users.insert(number(user));
        }
        for (const auto wall : c.members_changed) {
            of_walls.insert(number(wall));
        }
        std::string out;
        const auto add = [&out](const std::string& word, const std::set<std::int64_t>& ids) {
            out += ids.empty() ? "" : word;
            for (const auto id : ids) {
                out += std::to_string(id) + " ";
            }
        };
        add("users ", users);
        add("walls ", of_walls);
        return out + (c.everybody_changed ? "everybody" : "");
    }
    std::vector<walls::entry> feed_of(std::int64_t wall, std::int64_t last) const
    {
        const walls::cursor from[] = {{walls::wall_id{wall}, walls::entry_id{last}}};
        return database->feed().entries_after(from, 100).value().at(0).entries;
    }
    std::int64_t newest(std::int64_t wall) const
    {
        return std::stoll(sql("select coalesce(max(last_entry), 0) from pollster.heads where "
                              "wall_id = " +
                              std::to_string(wall)));
    }
    db::reader dora() const { return {token, walls::user_id{1}}; }
    // A role with no rights but those that it is given; the tests' own are superusers.
    void views_of_clerk() const
    {
        sql("do $$ begin create role clerk; exception when others then null; end $$; grant usage "
            "on schema pollster to clerk");
        for (const std::string view : {"users", "walls", "memberships", "sessions", "posts"}) {
            sql("alter view pollster." + view + " owner to clerk");
        }
    }
    void session_of_dora() const
    {
        sql("insert into pollster.sessions (token_hash, user_id, created_at, expires_at) values "
            "(sha256('" +
            token + "'), 1, now(), now() + interval '1 day')");
    }
    walls::identity_ptr known(const std::string& t) const
    {
        const std::string tokens[] = {t};
        return database->sessions().find_identities(tokens).value().at(0);
    }
};
