#include "db/administration.hpp"
#include "passwords/hash.hpp"

#include <array>

namespace db {
namespace {

struct person {
    const char* name;
    const char* password;
};
struct place {
    const char* name;
    const char* kind;
    const char* members; // a bigint[] is made of their ids
};
struct line {
    const char* wall;
    const char* user;
    const char* body;
};

// Known to everybody who can read this: a demo is for trying out, not for the open network.
constexpr std::array people{person{"ann", "ann-demo-pass"}, person{"bob", "bob-demo-pass"},
                            person{"cleo", "cleo-demo-pass"}};
constexpr std::array places{place{"General", "chat", "{ann,bob,cleo}"},
                            place{"Workshop", "board", "{ann,bob}"},
                            place{"Notices", "notices", "{ann,cleo}"}};
constexpr std::array lines{
    line{"General", "ann", "Good morning! Does everybody see this?"},
    line{"General", "bob", "Loud and clear."},
    line{"General", "cleo", "Here as well. It arrived before I had put down my coffee."},
    line{"Workshop", "bob", "Lathe 2 is free again; the new belt is in the left drawer."},
    line{"Workshop", "ann", "Thank you. I take it on Thursday afternoon."},
    line{"Notices", "cleo", "The office is closed on Friday."},
};

} // namespace

outcome<std::vector<demo_user>> administration::load_demo()
{
    return at_once([&] {
        for (const char* view : {"users", "walls", "memberships", "posts"}) {
            own(view);
        }
        std::vector<demo_user> users;
        for (const auto& p : people) {
            connection_.exec("insert into pollster.users (name, password_hash) "
                             "select $1::text, $2::text "
                             "where not exists (select from pollster.users where name = $1::text)",
                             p.name, passwords::make(p.password));
            const auto stored =
                connection_.exec("select password_hash from pollster.users where name = $1::text "
                                 "and password_hash is not null",
                                 p.name);
            const bool unchanged =
                !stored.empty() && passwords::verify(p.password, stored[0][0].c_str(), {});
            users.push_back({p.name, unchanged ? p.password : ""});
        }
        for (const auto& w : places) {
            const auto added = connection_.exec(
                "insert into pollster.walls (name, kind) select $1::text, $2::text "
                "where not exists (select from pollster.walls where name = $1::text) returning id",
                w.name, w.kind);
            if (added.empty()) {
                continue; // members and posts may have changed since; they stay as they are
            }
            connection_.exec(
                "insert into pollster.memberships (user_id, wall_id) "
                "select id, $1::bigint from pollster.users where name = any ($2::text[])",
                added[0][0].as<std::int64_t>(), w.members);
            for (const auto& post : lines) {
                if (post.wall == std::string_view(w.name)) {
                    connection_.exec(
                        "insert into pollster.posts (wall_id, user_id, body) "
                        "select $1::bigint, id, $3::text from pollster.users where name = $2::text",
                        added[0][0].as<std::int64_t>(), post.user, post.body);
                }
            }
        }
        return users;
    });
}

} // namespace db
