// What is wrong with the database, asked as the account of the unit. Blocking; main thread.
#pragma once

#include "fcgi_app/cli/command.hpp"
#include "fcgi_app/cli/doctor/finding.hpp"

#include <vector>

namespace pollster::doctor {

// Can the server work with it?
std::vector<finding> check_database(const cli::context& with, const config& settings);

// The same, and what db::administrator::advise() says.
std::vector<finding> examine_database(const cli::context& with, const config& settings);

// Runs `use` as the account of one of the two roles, if root runs this and PostgreSQL takes the
// account for the role. None: that is possible.
std::optional<finding> acting(const config& settings, cli::acts_as who,
                              const std::function<void()>& use);

} // namespace pollster::doctor
