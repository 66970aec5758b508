#include "tests/db/children.hpp"

#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;

std::vector<pid_t> children_of(pid_t parent)
{
    std::vector<pid_t> out;
    std::error_code gone;
    for (const auto& thread :
         fs::directory_iterator(fs::path("/proc") / std::to_string(parent) / "task", gone)) {
        std::ifstream list(thread.path() / "children");
        for (pid_t child = 0; list >> child;) {
            out.push_back(child);
        }
    }
    return out;
}
