// application/x-www-form-urlencoded, as browsers send it (URL Standard, section 5.1) but strict: "%" must be followed by two
// hexadecimal digits. Bytes are not checked for UTF-8. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

using form_fields = std::vector<std::pair<std::string, std::string>>; // in order, duplicates kept

// None: malformed percent-encoding, or more than `max_fields` fields.
std::optional<form_fields> parse_form(std::string_view encoded, std::size_t max_fields = 4096);

bool is_valid_utf8(std::string_view bytes); // shortest forms only, no surrogates, up to U+10FFFF

} // namespace http
