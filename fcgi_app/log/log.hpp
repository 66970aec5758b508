// The log: one line an event. Neither texts nor session tokens are ever given to it.
//
// Where standard error is systemd's journal (JOURNAL_STREAM, systemd.exec(5)), each line begins
// with its priority, "<4>", which the journal takes off (sd-daemon(3)); and the default format
// leaves out time and level, which the journal has itself.
#pragma once

#include <optional>
#include <string>

namespace pollster {

struct log_settings {
    std::string level = "info";
    std::string file;                                    // empty: standard error
    std::string format = "%Y-%m-%dT%H:%M:%S.%e%z %l %v"; // spdlog's pattern, or "json"
};

// Makes it spdlog's default logger. None: done; otherwise why the file cannot be written. Called
// once, before any other thread.
std::optional<std::string> start_log(const log_settings& s);

// From the next line on; the file is opened anew, which is what its rotation asks for. None: done;
// otherwise why the file cannot be written, and nothing has changed. One thread, while any may log.
std::optional<std::string> change_log(const log_settings& s);

} // namespace pollster
