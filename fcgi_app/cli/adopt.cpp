// pollster adopt: what an application's own tables need before Pollster can serve them. It prints
// SQL, for a person to read and to run with psql, and runs none of it. What is no SQL is a comment.
#include "fcgi_app/cli/administration.hpp"

#include <set>

namespace pollster::cli {

namespace {

// Of db::adoption_finding::place: what is run before the transaction (rights, defaults, indexes).
constexpr int last_place_before = 2;

void comment(std::ostream& out, const std::string& text)
{
    out << "-- " << db::shown(text) << '\n';
}

void print_sql(std::ostream& out, const db::adoption& a)
{
    std::set<std::string> printed; // two findings may be helped by one statement
    const auto print = [&](const db::adoption_finding& f) {
        if (!f.sql.empty() && printed.insert(f.sql).second) {
            out << f.sql;
        }
    };
    for (const auto& f : a.findings) {
        if (f.place <= last_place_before) {
            print(f);
        }
    }
    bool in_transaction = false;
    const auto begin = [&] {
        if (!in_transaction) {
            out << "begin;\n";
            if (!a.posts.empty()) {
                out << "lock table " << a.posts << " in share row exclusive mode;\n";
            }
            in_transaction = true;
        }
    };
    if (!a.views.empty()) {
        begin();
        out << a.views;
    }
    for (const auto& f : a.findings) {
        if (f.place > last_place_before && !f.sql.empty()) {
            begin();
            print(f);
        }
    }
    if (in_transaction) {
        out << "commit;\n";
    }
    if (!a.views.empty() && !a.posts.empty()) {
        out << "analyze " << a.posts << ";\n";
    }
}

int adopt(const invocation& call)
{
    auto settings = call.settings.database;
    if (!call.words.empty()) {
        settings.database = call.words[0].find_first_of("=:/") == std::string::npos
                                ? "dbname=" + call.words[0]
                                : call.words[0];
        settings.database_owner.clear();
    }
    settings.statement_timeout = std::chrono::minutes(10); // it counts rows
    auto connected = call.with.connect(settings);
    if (!connected) {
        return complain(call.with.err, connected.error().sentence);
    }
    const bool check = call.options.count("check") != 0;
    const auto found = (*connected)->adopt(!check);
    if (check && found && !found->adopted) {
        return complain(call.with.err,
                        "the views lie over Pollster's own tables: nothing is adopted yet; "
                        "`pollster adopt` prints a first draft");
    }
    std::size_t findings = 0;
    if (check) {
        const auto others = (*connected)->check();
        if (!others) {
            return complain(call.with.err, others.error().sentence);
        }
        for (const auto& sentence : *others) {
            comment(call.with.out, "check: " + sentence);
            ++findings;
        }
    }
    if (!found && findings > 0) { // it may well be for that: an id that is no number
        return complain(call.with.err, plural(findings, "finding") +
                                           "; the rest can be asked when that is mended: " +
                                           found.error().sentence);
    }
    if (!found) {
        return complain(call.with.err, found.error().sentence);
    }
    const auto& a = *found;
    std::ostream& out = call.with.out;
    for (const auto& line : a.told) {
        comment(out, line);
    }
    for (const auto& f : a.findings) {
        if (check || f.sql.empty()) { // in a draft the SQL itself says it
            comment(out, f.word + ": " + f.what + "; " + f.remedy);
        }
        ++findings;
    }
    if (!a.numbers.empty()) {
        out << "begin;\n" << a.numbers << "commit;\n";
        return done;
    }
    print_sql(out, a);
    if (!check) {
        if (a.adopted) {
            comment(out, "the views lie over an application's tables already; `pollster adopt "
                         "--check` says what is missing");
        } else if (a.views.empty()) {
            return complain(call.with.err, "no draft could be made: write the views by hand "
                                           "(docs/ADOPT.md), then `pollster adopt --check`");
        } else {
            comment(out, "read it, correct the views, run it with psql, then: pollster adopt "
                         "--check");
        }
        return done;
    }
    if (findings > 0) {
        return complain(call.with.err, plural(findings, "finding"));
    }
    comment(out, "nothing is missing");
    return done;
}

} // namespace

void add_adopt_command(std::vector<command>& table)
{
    table.push_back({"adopt",
                     "[DATABASE]",
                     "print the SQL that puts an application's tables under the views",
                     "A draft over tables that it knows by their names. With --check, once the "
                     "views are there: what is missing (triggers, rights, indexes, defaults), "
                     "what is twice, and whether sessions and posts can be written, which it "
                     "tries and takes back. It runs none of the SQL that it prints. Exit code 0 "
                     "if nothing is missing. DATABASE: a name or a connection string.",
                     0,
                     1,
                     {"check"},
                     adopt});
}

} // namespace pollster::cli
