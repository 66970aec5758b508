// Are these bytes text? Any thread.
#pragma once

#include <string_view>

namespace text {

// UTF-8 as RFC 3629 has it: shortest forms only, no surrogates, up to U+10FFFF. "" is.
bool is_utf8(std::string_view bytes);

// UTF-8 without NUL: what PostgreSQL can keep.
bool is_text(std::string_view bytes);

} // namespace text
