// SHA-256 (FIPS 180-4), libcrypto's. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace passwords {

// As 64 hex digits.
std::string sha256_hex(std::string_view text);

} // namespace passwords
