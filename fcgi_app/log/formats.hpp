// How a line of the log looks. Any thread.
#pragma once

#include <spdlog/formatter.h>

#include <memory>
#include <string>

namespace pollster {

// `pattern`: spdlog's, or "json": an object a line, of time, level and message; of a line about a
// request also "request" (its number), "request_id" and "traceparent", if it has them.
// `priorities`: led by "<4>", as sd-daemon(3) has it.
std::unique_ptr<spdlog::formatter> make_format(const std::string& pattern, bool priorities);

// Is this descriptor the journal that systemd has announced in JOURNAL_STREAM, "device:inode"?
// Null: it has announced none. A child whose output was redirected has the variable, too.
bool is_journal(const char* announced, int descriptor);

} // namespace pollster
