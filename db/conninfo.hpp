// The connection string that libpq gets: the operator's, completed with what this program relies
// on. Any thread.
#pragma once

#include <chrono>
#include <string>

namespace db {

struct session_options {
    std::chrono::milliseconds statement_timeout{5000}; // 0: none
    std::string extra{};   // more server settings, as in "-c enable_seqscan=off"
    std::string purpose{}; // after the application's name: "pollster reads"
};

// Keeps what the operator has set, except for UTF-8, the statement timeout and the idle session's;
// what else correctness rests on is set by db/session_settings.hpp. Throws std::invalid_argument
// with libpq's own sentence if the string cannot be read.
std::string complete_conninfo(const std::string& given, const session_options& options);

// The same string for a server of this version (170002; 0: not known), with what only such servers
// know: from 17 on one may end the first transaction of a session before it is told not to. Earlier
// versions refuse the setting, so this is for who was refused.
std::string conninfo_for(const std::string& complete, int server_version);

} // namespace db
