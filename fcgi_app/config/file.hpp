// pollster.conf: one `name = value` a line. A `#` at the beginning of a line or after a space
// begins a comment; a value is taken as it stands, and refused if there are quotes around it.
// Boost's own parser is not used because it reports no line numbers.
#pragma once

#include <istream>
#include <string>
#include <vector>

namespace pollster {

struct setting {
    std::size_t line = 0;
    std::string name;
    std::string value;
};

struct file_content {
    std::vector<setting> settings;   // in order, names not looked up yet
    std::vector<std::string> errors; // "7: a setting is written …", led by the line's number
};

file_content read_settings(std::istream& in);

} // namespace pollster
