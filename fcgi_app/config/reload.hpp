// What a second reading of the settings means for a server that runs (SIGHUP): what changes now,
// what only a restart can change. Pure: it changes nothing by itself. Any thread.
#pragma once

#include "fcgi_app/config/load.hpp"

#include <string>
#include <vector>

namespace pollster {

struct reload {
    // In force from now on: of options that cannot change in a running server what was in force.
    loaded now;
    std::vector<std::string> changed;      // "max_parked is 10, was 1200000"
    std::vector<std::string> need_restart; // names alone: a connection string may hold a password
};

// `read` has no errors.
reload compare_settings(const loaded& in_force, const loaded& read);

// "a; b; c", as many as a line of the log should have, and how many there are besides.
std::string in_a_line(const std::vector<std::string>& parts, std::string_view between = "; ");

} // namespace pollster
