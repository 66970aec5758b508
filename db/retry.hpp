// Statements that are worth repeating. Internal to db/.
#pragma once

#include <pqxx/except>

#include <string>
#include <utility>

namespace db {

// A deadlock with a writer of several walls, or a serialization failure: the transaction was rolled
// back, so nothing has happened, and the same again may succeed.
inline bool is_deadlock(const pqxx::sql_error& e)
{
    const std::string& state = e.sqlstate();
    return state == "40P01" || state == "40001";
}

// Runs statement(), which is a transaction of its own, again after a deadlock and after an error of
// which also(e) says that it passes: five times in all, then throws what the last one threw.
template <class Statement, class Also>
auto retry_on_deadlock(Statement statement, Also also)
{
    constexpr int most_attempts = 5;
    for (int attempt = 1;; ++attempt) {
        try {
            return statement();
        } catch (const pqxx::sql_error& e) {
            const bool passes = is_deadlock(e) || also(e);
            if (!passes || attempt == most_attempts) {
                throw;
            }
        }
    }
}

template <class Statement>
auto retry_on_deadlock(Statement statement)
{
    return retry_on_deadlock(std::move(statement), [](const pqxx::sql_error&) { return false; });
}

} // namespace db
