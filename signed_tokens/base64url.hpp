// base64url as JSON Web Signatures have it (RFC 7515, section 2: without padding). Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace signed_tokens {

// The bytes that `text` stands for. None: a character of another alphabet, padding, a length that
// no bytes have, or bits left over that are not zero. So each value has one text only.
std::optional<std::string> base64url_decoded(std::string_view text);

} // namespace signed_tokens
