// Session tokens. Any thread.
#pragma once

#include <string>

namespace db {

// 256 bits from the kernel as 43 characters of base64url. Throws std::system_error if the kernel
// has none.
std::string new_token();

} // namespace db
