// Statements that are worth repeating. Internal to db/.
#pragma once

#include <pqxx/except>

#include <exception>
#include <string>
#include <utility>

namespace db {

// A deadlock with a writer of several walls, or a serialization failure: the transaction was rolled
// back, so nothing has happened, and the same again may succeed. libpqxx 7.7 (Debian 12) throws
// both as a transaction_rollback that is no sql_error, and with it one that says the opposite.
inline bool is_deadlock(const std::exception& e)
{
    const auto* sql = dynamic_cast<const pqxx::sql_error*>(&e);
    return dynamic_cast<const pqxx::deadlock_detected*>(&e) != nullptr ||
           dynamic_cast<const pqxx::serialization_failure*>(&e) != nullptr ||
           (sql != nullptr && (sql->sqlstate() == "40P01" || sql->sqlstate() == "40001"));
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
        } catch (const std::exception& e) {
            const auto* sql = dynamic_cast<const pqxx::sql_error*>(&e);
            const bool passes = is_deadlock(e) || (sql != nullptr && also(*sql));
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
