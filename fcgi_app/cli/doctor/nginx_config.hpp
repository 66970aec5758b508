// nginx's configuration as `nginx -T` prints it: every file, each behind a line
// "# configuration file NAME:". Read into one tree of directives, with the included ones in their
// place. Sans-IO; any thread. Whatever the text is, the work is bounded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pollster::doctor {

struct directive {
    std::string file;
    std::size_t line = 0;
    std::vector<std::string> words; // the name first; without their quotes
    bool has_block = false;
    std::vector<directive> block{};

    const std::string& name() const { return words.front(); }
    // The argument counted from 1; empty: there are not so many.
    std::string argument(std::size_t number) const
    {
        return number < words.size() ? words[number] : std::string();
    }
    std::string place() const { return file + ":" + std::to_string(line); }
};

// The directives at the top level, or one sentence that says why the text cannot be read.
// Text without any such line is one file.
std::variant<std::vector<directive>, std::string> parse_nginx(std::string_view dump);

} // namespace pollster::doctor
