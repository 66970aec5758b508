#include "db/exceptions.hpp"

#include "text/trimmed.hpp"

#include <algorithm>
#include <array>

namespace db {
namespace {

using walls::db_error;
using walls::db_error_kind;

db_error_kind kind_of(std::string_view sqlstate)
{
    struct rule {
        std::string_view prefix;
        db_error_kind kind;
    };
    // PostgreSQL's manual, appendix A. The first that fits counts.
    static constexpr std::array rules{
        rule{"57014", db_error_kind::timed_out}, // statement timeout
        rule{"55P03", db_error_kind::timed_out}, // lock timeout
        rule{"25P03", db_error_kind::timed_out}, // idle in transaction
        rule{"25006", db_error_kind::read_only},     rule{"53100", db_error_kind::disk_full},
        rule{"42501", db_error_kind::misconfigured}, // no right
        rule{"3F000", db_error_kind::wrong_schema},  // no such schema
        rule{"42", db_error_kind::wrong_schema},     // no such table, column, function
    };
    for (const auto& r : rules) {
        if (sqlstate.starts_with(r.prefix)) {
            return r.kind;
        }
    }
    return db_error_kind::unavailable;
}

} // namespace

std::string one_line(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        if (c != '\n' && c != '\t') {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    return std::string(text::trimmed(out, " "));
}

std::string message_of(const std::exception& e)
{
    std::string_view message = e.what();
    if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&e)) {
        const std::string added = "Failure during '" + sql->query() + "': ";
        if (message.starts_with(added)) {
            message.remove_prefix(added.size());
        }
    }
    return std::string(message);
}

std::string sqlstate_of(const std::exception& e)
{
    const auto* sql = dynamic_cast<const pqxx::sql_error*>(&e);
    std::string state = sql != nullptr ? sql->sqlstate() : std::string();
    // libpqxx 6.4 throws it without its code.
    if (state.empty() && dynamic_cast<const pqxx::insufficient_privilege*>(&e) != nullptr) {
        state = "42501";
    }
    return state;
}

bool has_state(const pqxx::sql_error& e, std::span<const std::string_view> prefixes)
{
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](auto prefix) { return e.sqlstate().starts_with(prefix); });
}

walls::db_error describe(const std::exception& e)
{
    if (const auto* known = dynamic_cast<const db_exception*>(&e)) {
        return known->what_happened;
    }
    const std::string state = sqlstate_of(e);
    if (state.empty()) {
        return {db_error_kind::unavailable, one_line(message_of(e))};
    }
    return {kind_of(state), one_line(message_of(e)) + " (SQLSTATE " + state + ")"};
}

walls::db_error describe_for_server(const std::exception& e)
{
    db_error t = describe(e);
    const std::string state = sqlstate_of(e);
    // No such schema, table, column, function.
    if (state == "3F000" || state == "42P01" || state == "42703" || state == "42883") {
        t.why = "the schema is not what this program needs, run `pollster migrate`: " + t.why;
    }
    if (state == "42501") {
        t.why = "this role lacks a right: `pollster setup` grants what it needs, and so does "
                "`pollster migrate`: " +
                t.why;
    }
    // What a column of a type that the contract does not allow leads to.
    if (state == "42883" || state == "42804") {
        t.why += "; `pollster check` names columns of a wrong type";
    }
    return t;
}

} // namespace db
