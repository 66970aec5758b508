// FastCGI name-value pairs (section 3.4): lengths of 1 or 4 bytes, then name and value. Views into
// the given bytes. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastcgi {

using name_value = std::pair<std::string_view, std::string_view>;

// Takes one pair off the front of `bytes`. None at their end, and when a length points past it:
// `bytes` is not empty then, and stays as it was.
std::optional<name_value> take_param(std::string_view& bytes);

// All pairs in order, or none if a length points past the end.
std::optional<std::vector<name_value>> decode_params(std::string_view bytes);

// For GET_VALUES_RESULT, clients and tests. Lengths below 2^31.
void append_param(std::string& out, std::string_view name, std::string_view value);

} // namespace fastcgi
