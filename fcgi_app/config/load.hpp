// Brings the settings together: command line before environment before pollster.conf before
// default. An option given in a stronger place hides all its values in a weaker one, repeatable
// options included. Called once, before any thread starts.
#pragma once

#include "fcgi_app/config/config.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pollster {

inline constexpr const char* default_config_file =
    "/etc/pollster/pollster.conf"; // read if it is there

struct sources {
    std::vector<std::string> arguments;                           // without the program's name
    std::vector<std::pair<std::string, std::string>> environment; // only POLLSTER_* is looked at
    boost::program_options::options_description
        command_options; // those that are no settings: --count, --help …
};

struct loaded {
    config settings;
    std::vector<std::string>
        errors; // one sentence each, with file and line; `settings` is of no use if there are any
    boost::program_options::variables_map command; // values of `command_options`
    std::vector<std::string> words; // arguments that are no options: "user", "add", "ann"
    // Each option that was set, with its values as they were written in the strongest place.
    std::map<std::string, std::vector<std::string>, std::less<>> given;
};

// The file is the one of --config, else of POLLSTER_CONFIG, else default_config_file.
// May be called again: what changes then is the file.
loaded load(const sources& from);

// The settings of a loaded::given.
config settings_of(const std::map<std::string, std::vector<std::string>, std::less<>>& given);

// One file, and nothing else: its settings, or what is wrong with it.
loaded load_file(const std::string& path);

std::vector<std::pair<std::string, std::string>> process_environment();

} // namespace pollster
