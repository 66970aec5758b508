// One row of the option table (options.hpp). A plain value; any thread.
#pragma once

#include "fcgi_app/config/config.hpp"

#include <functional>
#include <optional>
#include <string>

namespace pollster {

struct option {
    std::string name;          // as in pollster.conf: "poll_seconds"
    std::string unit;          // "seconds", "bytes", "on or off" …
    std::string default_value; // as pollster.conf would say it; empty: it would say nothing
    std::string shown_default; // the same for people: "60", "standard error"
    std::string range;         // "1 to 3600"; empty where the unit says it all
    std::string description;
    bool repeatable = false; // each value is added to the ones before
    bool reloadable = false; // SIGHUP changes it in a running server; others need a restart
    // Takes one value as text into the config, or returns one sentence that says why it cannot.
    std::function<std::optional<std::string>(config&, const std::string&)> set;

    option reloads() &&; // this one, reloadable

    std::string flag() const;     // "--poll-seconds"
    std::string variable() const; // "POLLSTER_POLL_SECONDS"
};

} // namespace pollster
