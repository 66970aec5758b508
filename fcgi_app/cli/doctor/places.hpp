// The files and names of this host that the settings speak of: folder and group of the sockets,
// the log file. Judged as the account that the server will be. Blocking; main thread.
#pragma once

#include "fcgi_app/cli/doctor/finding.hpp"
#include "fcgi_app/config/config.hpp"

#include <vector>

namespace pollster::doctor {

std::vector<finding> check_places(const config& settings);

} // namespace pollster::doctor
