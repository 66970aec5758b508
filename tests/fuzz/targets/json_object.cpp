// A body read as one JSON object means the same to Boost.JSON's own parser, and a refusal is a
// sentence.
#include "fcgi_app/http/json_object.hpp"

#include "fcgi_app/http/form.hpp"
#include "tests/fuzz/targets.hpp"
#include "text/utf8.hpp"

#include <boost/json.hpp>

#include <cmath>

namespace fuzz {

namespace json = boost::json;

namespace {

// Boost.JSON 1.81 makes not-a-number of "0e310".
bool both_nan(const json::value& a, const json::value& b)
{
    return a.is_double() && b.is_double() && std::isnan(a.get_double()) &&
           std::isnan(b.get_double());
}

} // namespace

void json_object(std::string_view input)
{
    const auto read = http::parse_json_object(input);
    json::error_code error;
    const auto document = json::parse(input, error); // 32 levels deep at most, as ours
    if (!read) {
        const http::refusal& refused = read.error();
        must(refused.status == 400 || refused.status == 422, "a status of a client's mistake");
        must(refused.sentence.ends_with('.') && text::is_text(refused.sentence), "a sentence");
        must(text::is_text(input) || refused.status == 422 || input.empty(),
             "what is no text is told so");
        return;
    }
    must(!error && document.is_object(), "only an object is accepted");
    const auto& members = *read;
    must(members.size() == document.get_object().size(), "all members, each once");
    for (const auto& [key, value] : document.get_object()) {
        const auto* found = members.if_contains(key);
        must(found != nullptr && found->kind() == value.kind(), "the same kind");
        must(value.is_object() || value.is_array() || *found == value || both_nan(*found, value),
             "the same value");
        must(text::is_text(std::string(key)), "keys are text");
        must(!value.is_string() || text::is_text(std::string(value.get_string())),
             "texts are text");
    }
}

} // namespace fuzz
