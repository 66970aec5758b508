// The option table as people find it besides --help: the shipped pollster.conf, and a page of the
// documentation.
#pragma once

#include <string>

namespace pollster::testing {

// systemd/pollster.conf: every option with its default, commented out.
std::string shipped_file();

// docs/OPTIONS.md: a table of them.
std::string options_page();

} // namespace pollster::testing
