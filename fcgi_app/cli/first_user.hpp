// The last step of `pollster setup --admin NAME`, and how setup tells of each. Blocking; main
// thread.
#pragma once

#include "db/setup.hpp"
#include "fcgi_app/cli/command.hpp"

#include <string>

namespace pollster::cli {

// A line: what it was about, and whether it was there already.
void tell(const invocation& call, const std::string& what, db::step s,
          const std::string& made = "made", const std::string& changed = "changed");

// The user, the wall and the membership that the command line names, as far as they are missing. An
// exit code.
int add_first_user(const invocation& call, const db::settings& as_owner);

} // namespace pollster::cli
