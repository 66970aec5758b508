// Is Pollster there, where nginx will look for it? One FastCGI request, without nginx. Blocking.
#pragma once

#include "fcgi_app/cli/doctor/finding.hpp"
#include "fcgi_app/config/config.hpp"

#include <string>
#include <vector>

namespace pollster::doctor {

// Those of the settings; without any, those where the units listen (/run/pollster).
std::vector<fastcgi::listen_address> addresses_of(const config& settings);

// What Pollster answers to GET / below its mount there; `why` says why nothing came within five
// seconds.
struct asked {
    std::string answer; // head and body; empty: none
    std::string why;
};
asked ask(const fastcgi::listen_address& address, const std::string& mount);

std::vector<finding> check_sockets(const config& settings);

} // namespace pollster::doctor
