// The server itself, from settings to the end of the process's work.
#pragma once

#include "fcgi_app/config/load.hpp"

#include <functional>

namespace pollster {

// Runs until SIGTERM or SIGINT. SIGHUP calls `read_again` and opens the log file anew. The exit
// code: 0 after a clean stop, 1 when it could not start (one line on standard error says why).
// Called from main(), before any thread exists.
int serve(const loaded& given, const std::function<loaded()>& read_again);

} // namespace pollster
