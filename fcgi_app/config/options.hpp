// The one table of options: command line, environment, pollster.conf and --help are all made from
// it. To add an option: a member, with its default, of the settings of the part that uses it, and a
// row in options.cpp.
#pragma once

#include "fcgi_app/config/config.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pollster {

struct option {
    std::string name;          // as in pollster.conf: "poll_seconds"
    std::string unit;          // "seconds", "bytes", "on or off" …
    std::string default_value; // as pollster.conf would say it; empty: it would say nothing
    std::string shown_default; // the same for people: "60", "standard error"
    std::string range;         // "1 to 3600"; empty where the unit says it all
    std::string description;
    bool repeatable = false; // each value is added to the ones before
    // Takes one value as text into the config, or returns one sentence that says why it cannot.
    std::function<std::optional<std::string>(config&, const std::string&)> set;

    std::string flag() const;     // "--poll-seconds"
    std::string variable() const; // "POLLSTER_POLL_SECONDS"
};

const std::vector<option>& options();
const option* find_option(std::string_view name); // null: no such option

// The option whose name is nearest to a mistyped one, for "did you mean"; null when none is near.
const option* nearest_option(std::string_view mistyped);

// What --help prints about the options: each with unit, range and default.
std::string options_help();

} // namespace pollster
