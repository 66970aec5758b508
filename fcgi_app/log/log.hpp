// The log: one line an event. Neither texts nor session tokens are ever given to it.
#pragma once

#include <string>

namespace pollster {

struct log_settings {
    std::string level = "info";
    std::string file;                                    // empty: standard error
    std::string format = "%Y-%m-%dT%H:%M:%S.%e%z %l %v"; // spdlog's pattern
};

// Makes it spdlog's default logger. False: the file cannot be written, as standard error says.
// Called once, before any other thread.
bool start_log(const log_settings& s);

} // namespace pollster
