#include "fcgi_app/cli/first_user.hpp"

#include "db/names.hpp"
#include "fcgi_app/cli/administration.hpp"
#include "fcgi_app/cli/password.hpp"

#include <algorithm>
#include <ostream>

namespace pollster::cli {

void tell(const invocation& call, const std::string& what, db::step s, const std::string& made,
          const std::string& changed)
{
    call.with.out << db::shown(what) << ": "
                  << (s == db::step::was_there ? "is there already"
                      : s == db::step::made    ? made
                                               : changed)
                  << std::endl;
}

int add_first_user(const invocation& call, const db::settings& as_owner)
{
    const auto name = call.options["admin"].as<std::string>();
    const auto wall =
        call.options.count("wall") != 0 ? call.options["wall"].as<std::string>() : "General";
    auto connected = call.with.connect(as_owner);
    if (!connected) {
        return complain(call.with.err, connected.error().sentence);
    }
    db::administrator& a = **connected;
    const auto users = a.list_users();
    if (!users) {
        return complain(call.with.err, users.error().sentence);
    }
    const bool known = std::ranges::find(*users, name, &db::user_row::name) != users->end();
    if (!known) {
        const auto password =
            read_password(call.with, name, call.options.count("password-stdin") != 0);
        if (!password) {
            return complain(call.with.err, password.error().sentence);
        }
        if (const auto added = a.add_user(name, *password); !added) {
            return complain(call.with.err, added.error().sentence);
        }
    }
    tell(call, "user " + in_quotes(name), known ? db::step::was_there : db::step::made);
    const auto walls = a.list_walls();
    if (!walls) {
        return complain(call.with.err, walls.error().sentence);
    }
    const bool stands = std::ranges::find(*walls, wall, &db::wall_row::name) != walls->end();
    if (!stands) {
        if (const auto added = a.add_wall(wall, "chat"); !added) {
            return complain(call.with.err, added.error().sentence);
        }
    }
    tell(call, "wall " + in_quotes(wall), stands ? db::step::was_there : db::step::made);
    const auto granted = a.grant(wall, {name});
    if (!granted) {
        return complain(call.with.err, granted.error().sentence);
    }
    tell(call, "membership of " + in_quotes(name) + " in " + in_quotes(wall),
         *granted == 0 ? db::step::was_there : db::step::made);
    return done;
}

} // namespace pollster::cli
