// The schema's numbered migrations, embedded in the binary. Blocking; never from a fiber.
#pragma once

#include "db/admin.hpp"
#include "db/settings.hpp"
#include "walls/db_error.hpp"

#include <functional>
#include <string>

namespace db {

struct migrated {
    int from = 0; // schema version before; 0: there was none
    int to = 0;   // and now
};

// Brings the database to the version of this binary. Any number of processes may call it at once:
// an advisory lock lets one work and the others wait, up to a minute. Each migration is a
// transaction of its own, so a failure leaves the database at the last good version. `progress`
// gets a line per migration, before it runs. At the end the role that serves, and whichever role
// serves already, is given its rights (migration rights_to_serve). Refuses a schema that is newer
// than this binary, or one whose recorded migrations are not the ones in this binary.
outcome<migrated> migrate(const settings& given,
                          const std::function<void(const std::string&)>& progress);

// For the start of a server: is the schema the one of this binary? If not, the error is
// wrong_schema or newer_schema and says in one line what to do. Any other error means that the
// database could not be asked (it is down, or lets nobody in). Only a newer schema has to stop a
// server from starting: all else ends, or is mended, while it runs.
walls::result<void> check_schema(const settings& s);

int schema_version() noexcept; // of this binary

// What to do about a database of this version, in one line; empty: it is the version of this
// binary. A server that is already running goes on with a newer one: migrations leave in place what
// the version before needs.
std::string other_schema(int found);

} // namespace db
