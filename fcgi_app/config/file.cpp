#include "fcgi_app/config/file.hpp"

#include "text/trimmed.hpp"

#include <string_view>

namespace pollster {

namespace {

constexpr std::string_view blanks = " \t\r"; // also of a file with the line ends of Windows

// A '#' inside a word belongs to the value: passwords and URIs contain it.
std::string_view without_comment(std::string_view line)
{
    for (auto at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
        if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') {
            return line.substr(0, at);
        }
    }
    return line;
}

// As a shell or a unit file would have it. The quotes would be a part of the value.
bool is_quoted(std::string_view value)
{
    return value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
           value.front() == value.back();
}

} // namespace

file_content read_settings(std::istream& in)
{
    file_content out;
    std::string raw;
    for (std::size_t number = 1; std::getline(in, raw); ++number) {
        const auto line = text::trimmed(without_comment(raw), blanks);
        if (line.empty()) {
            continue;
        }
        const auto equals = line.find('=');
        const auto name = text::trimmed(line.substr(0, equals), blanks);
        if (equals == std::string_view::npos || name.empty()) {
            out.errors.push_back(std::to_string(number) + ": a setting is written name = value");
            continue;
        }
        const auto value = text::trimmed(line.substr(equals + 1), blanks);
        if (is_quoted(value)) {
            out.errors.push_back(std::to_string(number) + ": " + std::string(name) +
                                 ": a value is written without quotes around it");
            continue;
        }
        out.settings.push_back({number, std::string(name), std::string(value)});
    }
    return out;
}

} // namespace pollster
