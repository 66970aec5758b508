#include "fcgi_app/config/file.hpp"

#include <string_view>

namespace pollster {

namespace {

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blank = " \t\r";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

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

} // namespace

file_content read_settings(std::istream& in)
{
    file_content out;
    std::string raw;
    for (std::size_t number = 1; std::getline(in, raw); ++number) {
        const auto line = trimmed(without_comment(raw));
        if (line.empty()) {
            continue;
        }
        const auto equals = line.find('=');
        const auto name = trimmed(line.substr(0, equals));
        if (equals == std::string_view::npos || name.empty()) {
            out.errors.push_back(std::to_string(number) + ": a setting is written name = value");
            continue;
        }
        out.settings.push_back(
            {number, std::string(name), std::string(trimmed(line.substr(equals + 1)))});
    }
    return out;
}

} // namespace pollster
