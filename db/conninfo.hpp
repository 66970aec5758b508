// The connection string for libpq: the operator's, completed with the settings that this program
// relies on. Any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace db {

struct session_options {
    std::chrono::milliseconds statement_timeout{}; // 0: none
    std::string extra{};   // more server settings, as in "-c enable_seqscan=off"
    std::string purpose{}; // after the application's name: "pollster reads"
};

// What is wrong with an operator's string, as a sentence that repeats no value of it (one may be a
// password); none: libpq can read it.
std::optional<std::string> fault_in_conninfo(const std::string& given);

// What the string says of a keyword ("host"), or what the environment or libpq would say for it;
// empty: nothing, or the string cannot be read.
std::string said_of(const std::string& keyword, const std::string& given);

// Does the string, or the environment (PGUSER), name the user?
bool names_user(const std::string& given);

// The string with another value for a keyword. Throws as complete_conninfo().
std::string with_keyword(const std::string& given, const std::string& keyword,
                         const std::string& value);

// Keeps what the operator has set, except for the encoding, the statement timeout and the timeout
// of idle sessions; db/session_settings.hpp sets whatever else correctness depends on. Throws
// std::invalid_argument with libpq's own sentence if the string cannot be read.
std::string complete_conninfo(const std::string& given, const session_options& options);

// The same string for a server of this version (170002; 0: not known), with the settings that only
// such servers know: from version 17 on, a server may end the first transaction of a session before
// it is told not to. Earlier versions refuse the setting, so use this after a failed attempt.
std::string conninfo_for(const std::string& complete, int server_version);

} // namespace db
