// pollster user …, pollster session …
#include "fcgi_app/cli/administration.hpp"
#include "fcgi_app/cli/password.hpp"

namespace pollster::cli {

namespace {

// add and passwd: the password is read before the database is asked, so that nobody types it into a
// failure twice.
int with_password(const invocation& call, const std::string& sentence,
                  db::outcome<void> (*use)(db::administrator&, const std::string& name,
                                           const std::string& password))
{
    const std::string& name = call.words[0];
    const auto password = read_password(call.with, name, call.options.count("password-stdin") != 0);
    if (!password) {
        return complain(call.with.err, password.error().sentence);
    }
    return with_database(call, [&](db::administrator& a) {
        return report(call, use(a, name, *password), sentence);
    });
}

int add_user(const invocation& call)
{
    return with_password(call, "added user " + in_quotes(call.words[0]),
                         [](db::administrator& a, const std::string& name,
                            const std::string& password) -> db::outcome<void> {
                             auto added = a.add_user(name, password);
                             return added ? db::outcome<void>() : db::outcome<void>(added.error());
                         });
}

int set_password(const invocation& call)
{
    return with_password(
        call, "changed the password of " + in_quotes(call.words[0]) + " and ended their sessions",
        [](db::administrator& a, const std::string& name, const std::string& password) {
            return a.set_password(name, password);
        });
}

int disable_user(const invocation& call)
{
    return with_database(call, [&](db::administrator& a) {
        return report(call, a.disable_user(call.words[0]),
                      "disabled " + in_quotes(call.words[0]) + " and ended their sessions");
    });
}

int enable_user(const invocation& call)
{
    return with_database(call, [&](db::administrator& a) {
        return report(call, a.enable_user(call.words[0]), "enabled " + in_quotes(call.words[0]));
    });
}

int list_users(const invocation& call)
{
    return with_database(call, [&](db::administrator& a) -> int {
        const auto users = a.list_users();
        if (!users) {
            return complain(call.with.err, users.error().sentence);
        }
        std::vector<std::vector<std::string>> rows{{"ID", "NAME", "STATE", "SESSIONS", "WALLS"}};
        for (const auto& u : *users) {
            const char* state =
                u.disabled ? "disabled" : (u.has_password ? "enabled" : "no password");
            rows.push_back({std::to_string(number(u.id)), u.name, state, std::to_string(u.sessions),
                            joined(u.walls, ", ")});
        }
        print_table(call.with.out, rows);
        return done;
    });
}

int create_sessions(const invocation& call)
{
    const auto count =
        call.options.count("count") != 0 ? call.options["count"].as<std::size_t>() : 1;
    const auto usual =
        std::chrono::floor<std::chrono::days>(call.settings.database.session_lifetime).count();
    const auto days = call.options.count("days") != 0 ? call.options["days"].as<std::size_t>()
                                                      : static_cast<std::size_t>(usual);
    if (count < 1 || count > 100'000) {
        return complain(call.with.err, "--count: from 1 to 100000 sessions are made at once",
                        misused);
    }
    if (days < 1 || days > 3650) {
        return complain(call.with.err, "--days: a session lasts from 1 to 3650 days", misused);
    }
    return with_database(call, [&](db::administrator& a) -> int {
        const auto tokens = a.create_sessions(call.words[0], count, std::chrono::hours(24) * days);
        if (!tokens) {
            return complain(call.with.err, tokens.error().sentence);
        }
        for (const auto& token : *tokens) {
            call.with.out << token << '\n';
        }
        return done;
    });
}

int list_sessions(const invocation& call)
{
    return with_database(call, [&](db::administrator& a) -> int {
        const auto sessions = a.list_sessions(call.words.empty() ? "" : call.words[0]);
        if (!sessions) {
            return complain(call.with.err, sessions.error().sentence);
        }
        std::vector<std::vector<std::string>> rows{{"SESSION", "USER", "CREATED", "EXPIRES"}};
        for (const auto& s : *sessions) {
            rows.push_back({s.id, s.user_name, s.created_at, s.expires_at});
        }
        print_table(call.with.out, rows);
        return done;
    });
}

int revoke_session(const invocation& call)
{
    const bool all_of_user = call.options.count("user") != 0;
    if (all_of_user == !call.words.empty()) {
        return complain(call.with.err, "session revoke takes either a SESSION or --user NAME",
                        misused);
    }
    return with_database(call, [&](db::administrator& a) -> int {
        if (!all_of_user) {
            return report(call, a.revoke_session(call.words[0]), "ended the session");
        }
        const auto& name = call.options["user"].as<std::string>();
        const auto ended = a.revoke_sessions_of(name);
        return report(call, ended,
                      "ended " + plural(ended ? *ended : 0, "session") + " of " + in_quotes(name));
    });
}

} // namespace

void add_people_commands(std::vector<command>& table)
{
    constexpr std::string_view password_help =
        "The password (8 to 72 bytes) is asked for at a terminal, else read from the first line of "
        "standard input.";
    table.insert(
        table.end(),
        {{"user add", "NAME", "add a user", password_help, 1, 1, {"password-stdin"}, add_user},
         {"user passwd",
          "NAME",
          "change a user's password and end their sessions",
          password_help,
          1,
          1,
          {"password-stdin"},
          set_password},
         {"user disable",
          "NAME",
          "shut a user out and end their sessions",
          "",
          1,
          1,
          {},
          disable_user},
         {"user enable", "NAME", "let a disabled user in again", "", 1, 1, {}, enable_user},
         {"user list", "", "list users with their walls", "", 0, 0, {}, list_users},
         {"session create",
          "USER",
          "make sessions and print their tokens, one a line",
          "For integrations and load tests. Whoever has a token is that user.",
          1,
          1,
          {"count", "days"},
          create_sessions},
         {"session list",
          "[USER]",
          "list sessions, never their tokens",
          "",
          0,
          1,
          {},
          list_sessions},
         {"session revoke",
          "SESSION | --user NAME",
          "end a session, or all of a user's",
          "SESSION is a token, or at least 8 digits of what session list prints.",
          0,
          1,
          {"user"},
          revoke_session}});
}

} // namespace pollster::cli
