// Facts about this host for the checks of nginx, read from /proc. Any thread.
#pragma once

#include "fcgi_app/cli/doctor/nginx_checks.hpp"

#include <string>
#include <vector>

namespace pollster::doctor {

// What cannot be known without root goes into `unchecked`.
facts facts_of_host(std::vector<std::string>& unchecked);

// A line of /proc/net/tcp or tcp6: port and inode of a listening socket; none for other lines.
struct listening_inode {
    unsigned short port = 0;
    std::string inode;
};
std::optional<listening_inode> listening_in(const std::string& line);

} // namespace pollster::doctor
