#include "db/administration.hpp"
#include "db/rows.hpp"

#include <map>
#include <set>

namespace db {

void administration::undo() noexcept
{
    try {
        connection_.exec("rollback");
    } catch (const std::exception&) {
        connection_.drop(); // the server rolls back what its client leaves behind
    }
}

void administration::own(const std::string& view)
{
    static const std::map<std::string, std::string> decides{
        {"users", "who its users are"},         {"walls", "which walls there are"},
        {"memberships", "who sees which wall"}, {"sessions", "who is signed in"},
        {"posts", "which posts there are"},     {"open_walls", "which walls are open"}};
    const auto rows = connection_.exec(
        "select coalesce(string_agg(coalesce(b.rel::text, b.opaque::text), ', ' order by "
        "b.rel::text), 'no "
        "table'), "
        "coalesce(bool_and(coalesce(b.rel = to_regclass('pollster_default.' || $1::text), false)), "
        "false) from pollster.behind(to_regclass('pollster.' || $1::text)) b",
        view);
    if (!rows[0][1].as<bool>()) {
        throw refused("The application decides " + decides.at(view) + ": the view pollster." +
                      view + " lies over " + rows[0][0].c_str() + ", so change it there.");
    }
}

void administration::sessions_may_end()
{
    const auto rows = connection_.exec("select pollster.people_as_sessions()::text");
    if (!rows[0][0].is_null()) {
        throw refused("The rows of " + std::string(rows[0][0].c_str()) +
                      " are users and sessions in one, so the end of a session would delete a "
                      "user: end it there.");
    }
}

outcome<walls::wall_id> administration::add_wall(const std::string& name, const std::string& kind)
{
    return at_once([&] {
        own("walls");
        const std::string kept = checked_name("wall", name);
        if (kept.front() == '#') {
            throw refused(
                "The name of a wall does not begin with #, which begins a wall's number.");
        }
        if (kind != "chat" && kind != "board" && kind != "notices") {
            throw refused("A wall is of kind chat, board or notices.");
        }
        check_for_twins("wall", kept, 0);
        const auto rows =
            connection_.exec("insert into pollster.walls (name, kind) select $1::text, $2::text "
                             "where not exists (select from pollster.walls where name = $1::text) "
                             "on conflict do nothing returning id",
                             kept, kind);
        if (rows.empty()) {
            throw refused("A wall called \"" + kept + "\" exists already.");
        }
        return walls::wall_id{rows[0][0].as<std::int64_t>()};
    });
}

outcome<void> administration::rename_wall(const std::string& wall, const std::string& new_name)
{
    return at_once([&] {
        own("walls");
        const auto id = wall_named(wall);
        const std::string kept = checked_name("wall", new_name);
        if (kept.front() == '#') {
            throw refused(
                "The name of a wall does not begin with #, which begins a wall's number.");
        }
        check_for_twins("wall", kept, id);
        connection_.exec("update pollster.walls set name = $2::text where id = $1::bigint", id,
                         kept);
    });
}

outcome<void> administration::remove_wall(const std::string& wall)
{
    return at_once([&] {
        own("walls");
        connection_.exec("delete from pollster.walls where id = $1::bigint", wall_named(wall));
    });
}

outcome<void> administration::open_wall(const std::string& wall, bool open)
{
    return at_once([&] {
        own("open_walls");
        const auto id = wall_named(wall);
        // The table: its view may show it in a way in which it cannot be written.
        connection_.exec(open ? "insert into pollster_default.open_walls (wall_id) "
                                "values ($1::bigint) on conflict do nothing"
                              : "delete from pollster_default.open_walls where wall_id = "
                                "$1::bigint",
                         id);
    });
}

outcome<std::vector<wall_row>> administration::list_walls()
{
    return at_once([&] {
        const auto rows = connection_.exec(
            "select pollster.id_of(w.id), pollster.name_of(w.name::text), "
            "pollster.kind_of(w.kind::text), coalesce(h.last_entry, 0), m.member "
            "from pollster.walls w left join pollster.heads h on h.wall_id = w.id "
            "left join lateral (select pollster.name_of(u.name::text) as member "
            "from pollster.memberships x "
            "join pollster.users u on u.id = x.user_id where x.wall_id = w.id) m on true "
            "where pollster.id_of(w.id) is not null order by 1, m.member");
        std::vector<wall_row> out;
        for (const auto& row : rows) {
            const walls::wall_id id{row[0].as<std::int64_t>()};
            if (out.empty() || out.back().id != id) {
                out.push_back({id,
                               row[1].c_str(),
                               row[2].c_str(),
                               walls::entry_id{row[3].as<std::int64_t>()},
                               {}});
            }
            if (!row[4].is_null()) {
                out.back().members.emplace_back(row[4].c_str());
            }
        }
        return out;
    });
}

std::string administration::ids_of(const std::vector<std::string>& users)
{
    std::set<std::int64_t> ids; // in order, so that two administrators at once do not deadlock
    for (const auto& name : users) {
        ids.insert(user_named(name));
    }
    return bigints(ids, [](std::int64_t id) { return id; });
}

outcome<std::size_t> administration::grant(const std::string& wall,
                                           const std::vector<std::string>& users)
{
    return at_once([&] {
        own("memberships");
        const auto id = wall_named(wall);
        const auto r = connection_.exec(
            "insert into pollster.memberships (user_id, wall_id) "
            "select u, $2::bigint from unnest($1::bigint[]) u where not exists "
            "(select from pollster.memberships m where m.user_id = u and m.wall_id = $2::bigint) "
            "order by u on conflict do nothing",
            ids_of(users), id);
        return static_cast<std::size_t>(r.affected_rows());
    });
}

outcome<void> administration::restored()
{
    return at_once([&] {
        connection_.exec("select pollster.restored()");
        connection_.exec("analyze");
    });
}

outcome<std::size_t> administration::revoke(const std::string& wall,
                                            const std::vector<std::string>& users)
{
    return at_once([&] {
        own("memberships");
        const auto id = wall_named(wall);
        const auto r =
            connection_.exec("delete from pollster.memberships where wall_id = $2::bigint "
                             "and user_id = any ($1::bigint[])",
                             ids_of(users), id);
        return static_cast<std::size_t>(r.affected_rows());
    });
}

} // namespace db
