// pollster serve, check, migrate, restored, repair, demo
#include "fcgi_app/cli/account.hpp"
#include "fcgi_app/cli/administration.hpp"

namespace pollster::cli {

namespace {

int run_server(const invocation& call)
{
    return call.with.serve(call.input, call.read_again);
}

int check(const invocation& call)
{
    return with_database(call, as_server(call.settings), [&](db::administrator& a) -> int {
        const auto found = a.check();
        if (!found) {
            return complain(call.with.err, found.error().sentence);
        }
        for (const auto& sentence : *found) {
            call.with.out << sentence << '\n';
        }
        if (!found->empty()) {
            return complain(call.with.err, plural(found->size(), "finding"));
        }
        call.with.out << "the database is as it should be\n";
        return done;
    });
}

int migrate(const invocation& call)
{
    auto settings = call.settings.database;
    settings.serving_role = serving_role(call.settings);
    settings.statement_timeout = std::chrono::hours(24); // a migration takes what it takes
    const auto migrated = call.with.migrate(
        settings, [&](const std::string& line) { call.with.out << line << std::endl; });
    if (!migrated) {
        return complain(call.with.err, migrated.error().sentence);
    }
    call.with.out << "the schema is at version " << migrated->to
                  << (migrated->from == migrated->to ? ", as it was\n" : "\n");
    return done;
}

int restored(const invocation& call)
{
    auto settings = call.settings.database;
    settings.statement_timeout = std::chrono::hours(24); // analyze takes what it takes
    auto connected = call.with.connect(settings);
    if (!connected) {
        return complain(call.with.err, connected.error().sentence);
    }
    return report(call, (*connected)->restored(),
                  "a new history begins: every client reads its walls anew; tables are analyzed");
}

std::string told(const db::repaired_wall& w)
{
    if (w.removed) {
        return "is gone; removed what was left of its feed";
    }
    std::string text;
    const auto add = [&](std::string what) {
        text += (text.empty() ? "" : ", ") + std::move(what);
    };
    if (w.posts > 0) {
        add("numbered " + plural(static_cast<std::size_t>(w.posts), "post"));
    }
    if (w.deletions > 0) {
        add("numbered " + plural(static_cast<std::size_t>(w.deletions), "deletion"));
    }
    if (w.head) {
        add("raised the head to the newest entry");
    }
    return text;
}

int repair(const invocation& call)
{
    return with_database(call, [&](db::administrator& a) -> int {
        const auto repaired = a.repair([&](const db::repaired_wall& w) {
            call.with.out << "wall #" << number(w.id) << ": " << told(w) << std::endl;
        });
        return report(call, repaired, "repaired " + plural(repaired ? *repaired : 0, "wall"));
    });
}

int load_demo(const invocation& call)
{
    return with_database(call, [&](db::administrator& a) -> int {
        const auto users = a.load_demo();
        if (!users) {
            return complain(call.with.err, users.error().sentence);
        }
        std::vector<std::vector<std::string>> rows{{"NAME", "PASSWORD"}};
        for (const auto& u : *users) {
            rows.push_back({u.name, u.password.empty() ? "(as it was changed)" : u.password});
        }
        print_table(call.with.out, rows);
        return done;
    });
}

} // namespace

void add_schema_commands(std::vector<command>& table)
{
    table.insert(
        table.end(),
        {{"serve", "", "run the server (the default)", "", 0, 0, {}, run_server, acts_as::itself},
         {"check",
          "",
          "say what of the database does not fit",
          "Encoding, schema, columns of the views, and settings of the role or the database of "
          "which Pollster does not know what they do. Exit code 0 if there is nothing to say.",
          0,
          0,
          {},
          check,
          acts_as::server},
         {"migrate",
          "",
          "bring the database to this version's schema",
          "Safe to repeat, and to run from several places at once. At the end the role that serves "
          "is given the rights that this version needs, and no others.",
          0,
          0,
          {},
          migrate},
         {"restored",
          "",
          "begin a new history after a backup was restored",
          "Every client reads its walls anew, so none keeps posts that were lost. Running "
          "servers notice by themselves.",
          0,
          0,
          {},
          restored},
         {"repair",
          "",
          "number posts that were written while triggers were off",
          "Also deletions and moves; not changed texts, which leave no trace. Says what it "
          "did on which wall. Safe to repeat, and beside running servers and writers.",
          0,
          0,
          {},
          repair},
         {"demo",
          "",
          "add three demo users, three walls and a few posts",
          "Prints names and passwords, which everybody can know: not for a database of "
          "real people.",
          0,
          0,
          {},
          load_demo}});
}

} // namespace pollster::cli
