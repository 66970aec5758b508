// Builds the parts of the server, runs them in the calling thread, and takes them down in order.
#pragma once

#include "fcgi_app/config/config.hpp"
#include "fcgi_app/sockets.hpp"

namespace pollster {

// Serves on `sockets` until `stop_signal` (a signalfd) becomes readable.
// 0 after a clean stop.
int run_app(const config& settings, const listening_sockets& sockets, int stop_signal);

} // namespace pollster
