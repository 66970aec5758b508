// The server settings that the statements of this program rely on, whatever a role, a database, a
// server or the environment (PGTZ, PGDATESTYLE, PGOPTIONS) carries. Internal to db/.
#pragma once

#include <pqxx/connection>

#include <string>
#include <string_view>

namespace db {

// Sets them for the session, in two round trips; one more for each of synchronous_commit and
// session_replication_role that has to change. Thread of the connection's link, before its first
// statement. Throws trouble_found with one line that says what to do where a setting cannot be
// overridden, else what pqxx throws.
//
// Not overridden: default_transaction_read_only, the switch of operators that keeps writers out
// (walls::db_error_kind::read_only); `role`, for tables that belong to a group; synchronous_commit,
// except for `off`; what makes statements faster or slower and changes no answer.
void set_session(pqxx::connection& c);

// May a role or a database carry this setting, of any value, and no answer depends on it? The suite
// runs with those of tests/db/settings_against.cpp turned against it; the others make statements
// faster or slower, or log them. Any thread.
bool is_known_setting(std::string_view name);
// What is wrong with a database of this encoding, which is not UTF8. Any thread.
std::string about_encoding(const std::string& encoding);

} // namespace db
