// What the tables of commands and options say, for man(1) and for bash.
#pragma once

#include <string>

namespace pollster::cli::testing {

// docs/man/pollster.8: the commands, each as its --help has it.
std::string program_page();

// docs/man/pollster.conf.5: the settings.
std::string settings_page();

// docs/man/pollster.bash: completion of commands, their options and settings.
std::string completion();

} // namespace pollster::cli::testing
