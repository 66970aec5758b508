// Every setting that a role, a database, a server or the environment can carry, turned against the
// programs of this repository: with POLLSTER_TEST_SETTINGS=against the tests that use a
// private_postgres run under these settings (tests/db/CMakeLists.txt), with the same results.
#pragma once

#include <string>
#include <vector>

// Was this requested?
bool settings_are_against();

struct against {
    const char* name;
    const char* value; // as it stands in `alter role ... set name = value`
};
// Those of the role; whoever sets them leaves out the names that a version does not know.
const std::vector<against>& settings_against();

// A schema `hostile` with functions, operators, types and tables that have the names of
// PostgreSQL's own and raise an exception or lie. For each database, or the template of all.
const std::string& hostile_schema();
