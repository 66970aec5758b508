// The few operations on ASCII text that HTTP headers need, independent of any locale. Any thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace http {

// Without spaces and tabs around it (RFC 9110, section 5.6.3: OWS).
inline std::string_view trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

inline std::string lower(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

} // namespace http
