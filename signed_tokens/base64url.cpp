#include "signed_tokens/base64url.hpp"

namespace signed_tokens {

namespace {

// 0 to 63; none: no character of the alphabet.
std::optional<unsigned> value_of(char c)
{
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const auto at = alphabet.find(c);
    return at == std::string_view::npos ? std::nullopt : std::optional(static_cast<unsigned>(at));
}

} // namespace

std::optional<std::string> base64url_decoded(std::string_view text)
{
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    unsigned bits = 0; // read and not yet written, in the lowest `held` bits
    unsigned held = 0;
    for (const char c : text) {
        const auto value = value_of(c);
        if (!value) {
            return std::nullopt;
        }
        bits = (bits << 6U | *value) & 0xFFFFU;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes += static_cast<char>(bits >> held & 0xFFU);
        }
    }
    // 6 bits are no byte; 2 or 4 are the rest of one or two.
    if (held == 6 || (bits & ((1U << held) - 1U)) != 0) {
        return std::nullopt;
    }
    return bytes;
}

} // namespace signed_tokens
