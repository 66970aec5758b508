// JSON in keys and tokens, read so that nobody can read it otherwise. Any thread.
#pragma once

#include <boost/json/object.hpp>

#include <optional>
#include <string_view>

namespace signed_tokens {

// None: anything but one JSON object; more than 8 levels; bytes that are no UTF-8; a key that
// occurs twice in an object, however deep (RFC 7515, section 4; which of the two was signed?).
std::optional<boost::json::object> parse_object(std::string_view text);

// The member, if it is there and a string.
std::optional<std::string_view> string_in(const boost::json::object& o, std::string_view name);

} // namespace signed_tokens
