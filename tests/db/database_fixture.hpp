// A fresh database with a few people and walls, and a server's view of it.
#pragma once

#include "db/database.hpp"
#include "db/feed.hpp"
#include "db/posts.hpp"
#include "db/sessions.hpp"
#include "tests/db/answers.hpp"
#include "tests/db/private_postgres.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

struct database_fixture {
    private_postgres& pg = private_postgres::shared();
    std::string name = pg.migrated_database(people());
    db::settings settings = pg.settings(name);
    std::unique_ptr<db::database> database = std::make_unique<db::database>(settings);

    // ann 1, bob 2, cleo 3; all see wall 1, ann and bob wall 2. Passwords are "<name> secret".
    // Copied for each case: hashing is slow on purpose, and so is a connection for each statement.
    static std::string people()
    {
        std::string rows =
            "insert into pollster.users (id, name, password_hash) select n, name, "
            "pollster.bcrypt(name || ' secret', pollster.bcrypt_salt()) from "
            "unnest('{ann,bob,cleo}'::text[]) with ordinality as u(name, n); "
            "alter table pollster_default.users alter id restart with 100; "
            "insert into pollster.walls (id, name) values (1, 'General'), (2, 'Workshop'), (3, "
            "'Empty'); "
            "insert into pollster.memberships (user_id, wall_id) values (1, 1), (2, 1), (3, 1), "
            "(1, 2), (2, 2);";
        for (const int user : {1, 2, 3}) {
            rows += "insert into pollster.sessions (token_hash, user_id, created_at, expires_at) "
                    "values (sha256('" +
                    reader(user).session_id + "'), " + std::to_string(user) +
                    ", now(), now() + interval '1 year');";
        }
        return rows;
    }

    // Of `database`, which a test may open anew.
    db::feed& feed() const { return database->feed(); }
    db::sessions& sessions() const { return database->sessions(); }
    db::posts& posts() const { return database->posts(); }

    std::string sql(const std::string& text) const { return pg.sql(name, text); }

    // For connections that the server opens from here on: what only a superuser may set, so that
    // the server cannot ask for it itself.
    void serve_with(const std::string& setting) const
    {
        sql("alter role pollster in database " + name + " set " + setting);
    }

    // Adds a session in psql's way and returns its token.
    std::string token_of(int user, const std::string& lifetime = "1 hour")
    {
        std::string token = std::to_string(++tokens_);
        token.insert(0, 43 - token.size(), 'a');
        sql("insert into pollster.sessions (token_hash, user_id, created_at, expires_at) values "
            "(sha256('" +
            token + "'), " + std::to_string(user) + ", now(), now() + interval '" + lifetime +
            "')");
        return token;
    }

    walls::identity_ptr identity_of(const std::string& token)
    {
        return sessions().find_identities(std::vector{token}).value().at(0);
    }

    // With a session that lasts, if it is one of the three.
    static db::reader reader(int user)
    {
        std::string token = std::to_string(user);
        token.insert(0, 43 - token.size(), 's');
        return {token, walls::user_id{user}};
    }
    // What ann, or another member, reads.
    db::history history_of(int wall, std::optional<std::int64_t> before, std::size_t limit,
                           int user = 1)
    {
        return posts()
            .posts_before(reader(user), walls::wall_id{wall},
                          before ? std::optional(walls::entry_id{*before}) : std::nullopt, limit)
            .value();
    }
    db::history found(const db::search_query& wanted, int user = 1)
    {
        return posts().search(reader(user), wanted).value();
    }
    std::vector<db::wall_summary> walls_of(int user)
    {
        return posts().walls_of(reader(user)).value();
    }
    std::int64_t mark_read(int wall, int user, std::int64_t entry)
    {
        return posts()
            .mark_read(reader(user), walls::wall_id{wall}, walls::entry_id{entry})
            .value();
    }

    // An error of the database throws.
    db::answer<db::written_entry> post(int wall, int user, const std::string& body,
                                       const std::string& key = {})
    {
        auto answer = posts().add_post({walls::wall_id{wall}, reader(user), body, key});
        if (const auto error = db::error_of(answer)) {
            throw std::runtime_error(error->why);
        }
        return answer;
    }

    std::map<std::int64_t, std::int64_t> heads(const walls::changes& c)
    {
        std::map<std::int64_t, std::int64_t> out;
        for (const auto& h : c.heads) {
            out[number(h.wall)] = number(h.newest);
        }
        return out;
    }

private:
    int tokens_ = 0;
};
