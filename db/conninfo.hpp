// The connection string for libpq: the operator's, completed with the settings that this program
// relies on. Any thread.
#pragma once

#include <chrono>
#include <string>

namespace db {

struct session_options {
    std::chrono::milliseconds statement_timeout{}; // 0: none
    std::string extra{};   // more server settings, as in "-c enable_seqscan=off"
    std::string purpose{}; // after the application's name: "pollster reads"
};

// Keeps what the operator has set, except for the encoding, the statement timeout and the timeout
// of idle sessions; db/session_settings.hpp sets whatever else correctness depends on. Throws
// std::invalid_argument with libpq's own sentence if the string cannot be read.
std::string complete_conninfo(const std::string& given, const session_options& options);

// The same string for a server of this version (170002; 0: not known), with the settings that only
// such servers know: from version 17 on, a server may end the first transaction of a session before
// it is told not to. Earlier versions refuse the setting, so use this after a failed attempt.
std::string conninfo_for(const std::string& complete, int server_version);

} // namespace db
