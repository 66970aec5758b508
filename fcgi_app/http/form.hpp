// application/x-www-form-urlencoded, as browsers send it (URL Standard, section 5.1) but strict:
// "%" must be followed by two hexadecimal digits. Bytes are not checked for UTF-8. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

using form_field = std::pair<std::string, std::string>;
using form_fields = std::vector<form_field>; // in order, duplicates kept

// None: malformed percent-encoding, or more than `max_fields` fields.
std::optional<form_fields> parse_form(std::string_view encoded, std::size_t max_fields = 4096);

// Takes the next "name=value" off the front of `encoded`, without decoding it; none at the end.
// Empty fields, as in "a=1&&b=2", are skipped.
std::optional<std::pair<std::string_view, std::string_view>> take_field(std::string_view& encoded);

// None: a "%" without two hexadecimal digits.
std::optional<std::string> form_decode(std::string_view encoded);

} // namespace http
