// What the administration commands share: the connection, and printing what the database refused.
#pragma once

#include "db/names.hpp"
#include "fcgi_app/cli/command.hpp"

#include <ostream>
#include <utility>

namespace pollster::cli {

// Connects, then runs `use(administrator)`, which returns an exit code.
template <class Use>
int with_database(const invocation& call, const db::settings& as, Use use)
{
    auto connected = call.with.connect(as);
    if (!connected) {
        return complain(call.with.err, connected.error().sentence);
    }
    return use(**connected);
}

template <class Use>
int with_database(const invocation& call, Use use)
{
    return with_database(call, call.settings.database, std::move(use));
}

// Prints `sentence` if all went well, the refusal if not.
template <class T>
int report(const invocation& call, const db::outcome<T>& outcome, const std::string& sentence)
{
    if (!outcome) {
        return complain(call.with.err, outcome.error().sentence);
    }
    call.with.out << db::shown(sentence) << '\n';
    return done;
}

inline std::string in_quotes(const std::string& name)
{
    return '"' + name + '"';
}

// "1 session", "3 sessions"
inline std::string plural(std::size_t count, const std::string& noun)
{
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// Rows of equal length as columns as wide as their widest text; the first row is the heading.
// What cannot be seen in a text is made visible.
void print_table(std::ostream& out, std::vector<std::vector<std::string>> rows);

std::string joined(const std::vector<std::string>& texts, const std::string& separator);

} // namespace pollster::cli
