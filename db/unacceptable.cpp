#include "db/queries.hpp"

#include <algorithm>
#include <string>

namespace db {

namespace {

// The first line, for the details that follow it quote the row, and the log holds no texts. An
// error of class 22 quotes the value itself, in another language in other quotation marks, most of
// which are not ASCII.
std::string without_the_text(std::string message, bool quotes_the_value)
{
    message.erase(std::min(message.find('\n'), message.size()));
    if (quotes_the_value) {
        const auto end = std::find_if(message.begin(), message.end(), [](char c) {
            return c == '"' || c == '\'' || c == '`' || static_cast<unsigned char>(c) >= 0x80;
        });
        message.erase(end, message.end());
    }
    return message;
}

} // namespace

// Whoever defines the view pollster.posts decides what it takes: by types, by constraints, by its
// check option, by a trigger that raises an exception. PostgreSQL's manual, appendix A.
std::optional<failure> unacceptable(const pqxx::sql_error& e)
{
    const std::string& state = e.sqlstate();
    // Too long, not in the database's encoding, ...; but not that a sequence has come to its end.
    const bool data = state.starts_with("22") && state != "2200H";
    if (!data && !state.starts_with("23") && state != "44000" && state != "P0001" &&
        state != "54000") { // 54000: a row of an index would be too large, and the like
        return std::nullopt;
    }
    return failure(denied::unacceptable,
                   without_the_text(message_of(e), data) + " (SQLSTATE " + state + ")");
}

} // namespace db
