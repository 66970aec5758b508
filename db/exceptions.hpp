// Exceptions of a connection, and what becomes of them and of those of pqxx. Internal to db/. Any
// thread.
#pragma once

#include "walls/db_error.hpp"

#include <pqxx/except>

#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace db {

// Carries an error from where it is found to where it becomes a value.
struct db_exception : std::runtime_error {
    explicit db_exception(walls::db_error t)
        : std::runtime_error(t.why)
        , what_happened(std::move(t))
    {
    }
    walls::db_error what_happened;
};

// The connection broke during a statement, which may have been executed or not.
struct connection_lost : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The error that callers get for an exception of pqxx or of a connection.
walls::db_error describe(const std::exception& e);
// The same for a statement of a server: if the schema lacks what the statement needs, the line
// begins with what to do.
walls::db_error describe_for_server(const std::exception& e);
// What the server said: without what libpqxx 7.10 puts before it when the statement has a name,
// which would stand where the log's reader, and whoever cuts off the text of a post, expect the
// error.
std::string message_of(const std::exception& e);
// What a log gets of a message of libpq, which ends with a newline and may add lines of detail.
std::string one_line(std::string_view text);
// SQLSTATE of a failed statement, or empty.
std::string sqlstate_of(const std::exception& e);
// Does the SQLSTATE begin with one of these?
bool has_state(const pqxx::sql_error& e, std::span<const std::string_view> prefixes);

} // namespace db
