// Whole numbers in text, as strict as they come. Any thread; no locale is asked.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace text {

// The number that all of `text` is, if it lies within [low, high]. Digits of `base` only, of which
// there may be leading zeros: no spaces, no "+", no prefix as in "0x". A "-" stands only where
// `low` is negative. None: anything else, and what does not fit into T.
template <class T>
std::optional<T> parse_number(std::string_view text, std::type_identity_t<T> low,
                              std::type_identity_t<T> high, int base = 10)
{
    static_assert(std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>);
    if (text.starts_with('-') && !(low < T{0})) {
        return std::nullopt; // also "-0"
    }
    T value{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    if (error != std::errc{} || stop != end || value < low || value > high) {
        return std::nullopt;
    }
    return value;
}

// The decimal digits at the front, for a number with something behind it.
inline std::string_view leading_digits(std::string_view text)
{
    return text.substr(0, text.find_first_not_of("0123456789"));
}

} // namespace text
