// A body that is one JSON object: its own members, and why it cannot be read. Any thread.
#pragma once

#include "fcgi_app/http/refusal.hpp"

#include <boost/json/error.hpp>
#include <boost/json/object.hpp>

#include <string_view>

namespace http {

inline constexpr std::size_t max_json_depth = 32;

// The strings, numbers, booleans and nulls of the object with their values; an array or object in
// it is left empty, whatever it holds. Refused are: anything but one JSON object; nesting of more
// than `max_json_depth` levels; a key that occurs twice (which of the two was meant?); and any
// string or key, however deep, that is not text.
result<boost::json::object> parse_json_object(std::string_view text);

// The answer to an error that a Boost.JSON parser, given all of `text`, reported at `at`: 422 if
// `text` holds something that is not text, otherwise 400.
refusal why_no_json(std::string_view text, const boost::json::error_code& error, std::size_t at);
refusal no_json_object(); // it is JSON, but something else

} // namespace http
