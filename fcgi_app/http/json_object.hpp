// A body that is one JSON object: its own members, and why it cannot be read. Any thread.
#pragma once

#include "fcgi_app/http/refusal.hpp"

#include <boost/json/error.hpp>
#include <boost/json/object.hpp>

#include <string_view>
#include <variant>

namespace http {

inline constexpr std::size_t max_json_depth = 32;

// The strings, numbers, booleans and nulls of the object with their values; an array or object in
// it is empty, whatever it holds. Refused: what is no JSON object, or more than one, or nested more
// than `max_json_depth` deep; a key that comes twice (which of the two was meant?); and any string
// or key, however deep, that is no text.
std::variant<boost::json::object, refusal> parse_json_object(std::string_view text);

// What a parser of Boost.JSON that was given all of `text` complained about at `at`: 422 if it
// holds what is no text, else 400.
refusal why_no_json(std::string_view text, const boost::json::error_code& error, std::size_t at);
refusal no_json_object(); // it is JSON, but something else

} // namespace http
