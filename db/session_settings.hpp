// The server settings that the statements of this program rely on, whatever a role, a database, a
// server or the environment (PGTZ, PGDATESTYLE, PGOPTIONS) carries. Internal to db/.
#pragma once

#include <pqxx/connection>

namespace db {

// Sets them for the session, in one round trip. Thread of the connection's link, before its first
// statement. Throws trouble_found with one line that says what to do where a setting cannot be
// overridden, else what pqxx throws.
//
// Not overridden: default_transaction_read_only, the switch of operators that keeps writers out
// (walls::trouble_kind::read_only); `role`, for tables that belong to a group; synchronous_commit
// (docs/SCALE.md); what makes statements faster or slower and changes no answer.
void set_session(pqxx::connection& c);

} // namespace db
