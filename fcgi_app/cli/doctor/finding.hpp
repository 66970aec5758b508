// What `pollster doctor` has to say. Plain values; any thread.
#pragma once

#include <string>
#include <vector>

namespace pollster::doctor {

// Something that is not as it should be. docs/DOCTOR.md has a row for each code.
struct finding {
    std::string code; // "default-site"
    std::string what; // where, and what is wrong there
    std::string todo; // what to do
};

struct report {
    std::vector<finding> findings;
    std::vector<std::string> unchecked; // what could not be looked at, and why: no finding
};

} // namespace pollster::doctor
