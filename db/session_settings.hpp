// The server settings that the statements of this program rely on, whatever a role, a database, a
// server or the environment (PGTZ, PGDATESTYLE, PGOPTIONS) carries. Internal to db/.
#pragma once

#include <pqxx/connection>

#include <string>
#include <string_view>

namespace db {

// Sets them for the session, in two round trips, and one more each if synchronous_commit or
// session_replication_role has to change. Call it on the connection's thread, before its first
// statement. If a setting cannot be overridden, throws db_exception with one line that says what to
// do; otherwise what pqxx throws.
//
// Not overridden: default_transaction_read_only, with which operators keep writers out
// (walls::db_error_kind::read_only); `role`, for tables that belong to a group; synchronous_commit,
// except for `off`; settings that make statements faster or slower and change no answer.
void set_session(pqxx::connection& c);

// May a role or a database carry this setting with any value, because no answer depends on it? The
// tests also run with the settings of tests/db/settings_against.cpp turned against the server; the
// other known ones make statements faster or slower, or log them. Any thread.
bool is_known_setting(std::string_view name);
// What is wrong with a database of this encoding, one other than UTF8. Any thread.
std::string about_encoding(const std::string& encoding);

} // namespace db
