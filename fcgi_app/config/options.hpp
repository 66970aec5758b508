// The one table of options: command line, environment, pollster.conf and --help are all made from
// it. To add an option: a member, with its default, of the settings of the part that uses it, and a
// row in options.cpp.
#pragma once

#include "fcgi_app/config/option.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pollster {

const std::vector<option>& options();
const option* find_option(std::string_view name); // null: no such option

// The option whose name is nearest to a mistyped one, for "did you mean"; null when none is near.
const option* nearest_option(std::string_view mistyped);

// What --help prints about the options: each with unit, range and default.
std::string options_help();

} // namespace pollster
