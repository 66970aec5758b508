// The few operations on ASCII text that HTTP headers need, independent of any locale. Any thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace http {

inline std::string lower(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

} // namespace http
