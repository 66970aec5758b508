// pollster wall …, pollster grant, pollster revoke
#include "fcgi_app/cli/administration.hpp"

namespace pollster::cli {

namespace {

int add_wall(const invocation& call)
{
    const auto kind =
        call.options.count("kind") != 0 ? call.options["kind"].as<std::string>() : "chat";
    return with_database(call, [&](db::administrator& a) -> int {
        const auto added = a.add_wall(call.words[0], kind);
        return report(call, added,
                      "added wall " + in_quotes(call.words[0]) + ", #" +
                          std::to_string(added ? number(*added) : 0));
    });
}

int rename_wall(const invocation& call)
{
    return with_database(call, [&](db::administrator& a) {
        return report(call, a.rename_wall(call.words[0], call.words[1]),
                      "renamed wall " + in_quotes(call.words[0]) + " to " +
                          in_quotes(call.words[1]));
    });
}

int remove_wall(const invocation& call)
{
    if (call.options.count("yes") == 0) {
        return complain(call.with.err,
                        "removing a wall deletes its posts for ever; add --yes to do it", misused);
    }
    return with_database(call, [&](db::administrator& a) {
        return report(call, a.remove_wall(call.words[0]),
                      "removed wall " + in_quotes(call.words[0]) + " with its posts");
    });
}

template <bool Open>
int open_wall(const invocation& call)
{
    return with_database(call, [&](db::administrator& a) {
        return report(call, a.open_wall(call.words[0], Open),
                      (Open ? "everybody may read wall " : "only its members may read wall ") +
                          in_quotes(call.words[0]));
    });
}

int list_walls(const invocation& call)
{
    return with_database(call, [&](db::administrator& a) -> int {
        const auto walls = a.list_walls();
        if (!walls) {
            return complain(call.with.err, walls.error().sentence);
        }
        std::vector<std::vector<std::string>> rows{{"ID", "NAME", "KIND", "NEWEST", "MEMBERS"}};
        for (const auto& w : *walls) {
            rows.push_back({"#" + std::to_string(number(w.id)), w.name, w.kind,
                            std::to_string(number(w.newest)), joined(w.members, ", ")});
        }
        print_table(call.with.out, rows);
        return done;
    });
}

using change = db::outcome<std::size_t> (db::administrator::*)(const std::string&,
                                                               const std::vector<std::string>&);

int change_access(const invocation& call, change what, const std::string& done_word)
{
    const std::vector<std::string> users(call.words.begin() + 1, call.words.end());
    return with_database(call, [&](db::administrator& a) {
        const auto changed = (a.*what)(call.words[0], users);
        return report(call, changed,
                      done_word + " " + plural(changed ? *changed : 0, "membership") + " of wall " +
                          in_quotes(call.words[0]));
    });
}

int grant(const invocation& call)
{
    return change_access(call, &db::administrator::grant, "granted");
}
int revoke(const invocation& call)
{
    return change_access(call, &db::administrator::revoke, "revoked");
}

} // namespace

void add_wall_commands(std::vector<command>& table)
{
    constexpr std::string_view wall_help = "WALL is its name, or #17 for the wall numbered 17.";
    constexpr std::size_t many = 10'000;
    table.insert(
        table.end(),
        {{"wall add", "NAME", "add a wall", "", 1, 1, {"kind"}, add_wall},
         {"wall rename", "WALL NEW-NAME", "rename a wall", wall_help, 2, 2, {}, rename_wall},
         {"wall remove",
          "WALL",
          "delete a wall with its posts, for ever",
          wall_help,
          1,
          1,
          {"yes"},
          remove_wall},
         {"wall open",
          "WALL",
          "let everybody read a wall, also without an account",
          wall_help,
          1,
          1,
          {},
          open_wall<true>},
         {"wall close",
          "WALL",
          "let only its members read a wall; parked polls of others notice within a second",
          wall_help,
          1,
          1,
          {},
          open_wall<false>},
         {"wall list", "", "list walls with their members", "", 0, 0, {}, list_walls},
         {"grant", "WALL USER...", "let users see a wall", wall_help, 2, many, {}, grant},
         {"revoke",
          "WALL USER...",
          "take a wall from users; their parked polls notice within a second",
          wall_help,
          2,
          many,
          {},
          revoke}});
}

} // namespace pollster::cli
