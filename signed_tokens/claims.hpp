// Tokens that an application signs itself, in place of sessions in the database: a JSON Web Token
// (RFC 7519) as a compact JSON Web Signature (RFC 7515), by HS256, RS256 or EdDSA. Sans-IO; any
// thread. docs/SECURITY.md has the rules, docs/PROTOCOL.md the claims.
#pragma once

#include "signed_tokens/keys.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signed_tokens {

inline constexpr std::size_t longest = 4096; // bytes; a browser keeps no longer cookie
// The clocks of whoever signs and of this host may differ: so much too early is early enough.
inline constexpr std::chrono::seconds early{30};

// What a token must say besides its signature. Empty: `iss` may be anything; `aud` must not be
// there, for then it is meant for others (RFC 7519, section 4.1.3).
struct expected {
    std::string issuer;
    std::string audience;

    bool operator==(const expected&) const = default;
};

struct claims {
    std::optional<std::int64_t> user;               // sub
    std::optional<std::vector<std::int64_t>> walls; // ascending, each once
    std::chrono::sys_seconds expires;               // exp
};

// Is it one, good or bad, and no session's token? Its first part of three is a JSON object.
bool looks_signed(std::string_view token);

// The refusal says why, without a word of the token.
result<claims> read(std::string_view token, const keys& known, const expected& must,
                    std::chrono::sys_time<std::chrono::milliseconds> now);

} // namespace signed_tokens
