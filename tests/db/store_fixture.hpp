// A fresh database with a few people and walls, and a store on it.
#pragma once

#include "db/store.hpp"
#include "tests/db/private_postgres.hpp"

#include <map>

struct store_fixture {
    private_postgres& pg = private_postgres::shared();
    std::string name = pg.migrated_database();
    db::settings settings = pg.settings(name);
    std::unique_ptr<db::store> store = db::store::open(settings);

    store_fixture()
    {
        // ann 1, bob 2, cleo 3; all see wall 1, ann and bob wall 2. Passwords are "<name> secret".
        sql("insert into pollster.users (id, name, password_hash) select n, name, "
            "pollster.bcrypt(name || ' secret', "
            "pollster.bcrypt_salt()) from unnest('{ann,bob,cleo}'::text[]) with ordinality as "
            "u(name, n)");
        sql("alter table pollster_default.users alter id restart with 100");
        sql("insert into pollster.walls (id, name) values (1, 'General'), (2, 'Workshop'), (3, "
            "'Empty')");
        sql("insert into pollster.memberships (user_id, wall_id) values (1, 1), (2, 1), (3, 1), "
            "(1, 2), (2, 2)");
    }

    std::string sql(const std::string& text) const { return pg.sql(name, text); }

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

    walls::identity_ptr who(const std::string& token)
    {
        return store->who(std::vector{token}).value().at(0);
    }

    db::post_outcome post(int wall, int user, const std::string& body, const std::string& key = {})
    {
        return store->add_post({walls::wall_id{wall}, walls::user_id{user}, body, key}).value();
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
