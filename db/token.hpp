// Session tokens. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace db {

// 256 bits from the kernel as 43 characters of base64url. Throws std::system_error if the kernel
// has none.
std::string new_token();

// What is stored in place of a token, in the form in which PostgreSQL reads a bytea: "\\x" and 64
// hex digits. So the database never sees a token.
std::string token_hash(std::string_view token);

} // namespace db
