#include "db/administration.hpp"
#include "db/token.hpp"

namespace db {

namespace {

// Names that tell an operator whose they are. `wall`, `user`: 0 for all of them.
void remove_all(connection& conn, std::int64_t wall, std::int64_t user)
{
    conn.exec("delete from pollster.walls where name = 'pollster doctor: a visit' "
              "and ($1::bigint = 0 or id = $1::bigint)",
              wall);
    conn.exec("delete from pollster.users where name = 'pollster doctor: a visitor' "
              "and ($1::bigint = 0 or id = $1::bigint)",
              user);
}

} // namespace

outcome<visitor> administration::add_visitor()
{
    return at_once([&] {
        for (const char* view : {"users", "walls", "memberships", "sessions", "posts"}) {
            own(view);
        }
        remove_all(connection_, 0, 0);
        visitor v;
        v.user = walls::user_id{connection_
                                    .exec("insert into pollster.users (name) values "
                                          "('pollster doctor: a visitor') returning id")[0][0]
                                    .as<std::int64_t>()};
        v.wall = walls::wall_id{connection_
                                    .exec("insert into pollster.walls (name, kind) values "
                                          "('pollster doctor: a visit', 'chat') returning id")[0][0]
                                    .as<std::int64_t>()};
        connection_.exec("insert into pollster.memberships (user_id, wall_id) "
                         "values ($1::bigint, $2::bigint)",
                         number(v.user), number(v.wall));
        v.token = new_token();
        connection_.exec(
            "insert into pollster.sessions (token_hash, user_id, created_at, expires_at) "
            "values ($1::bytea, $2::bigint, now(), now() + interval '10 minutes')",
            token_hash(v.token), number(v.user));
        return v;
    });
}

outcome<void> administration::post_as(const visitor& v, const std::string& body)
{
    return at_once([&] {
        connection_.exec("insert into pollster.posts (wall_id, user_id, body) "
                         "values ($1::bigint, $2::bigint, $3::text)",
                         number(v.wall), number(v.user), body);
    });
}

outcome<void> administration::remove_visitor(const visitor& v)
{
    return at_once([&] { remove_all(connection_, number(v.wall), number(v.user)); });
}

} // namespace db
