// Text without the blanks around it. Any thread; no locale is asked.
#pragma once

#include <string_view>

namespace text {

// Without spaces and tabs at both ends (RFC 9110, section 5.6.3: OWS), or other characters.
constexpr std::string_view trimmed(std::string_view text, std::string_view blanks = " \t")
{
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

} // namespace text
