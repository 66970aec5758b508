// Forms, polls in forms, percent-decoding and UTF-8.
#include "fcgi_app/http/form.hpp"
#include "fcgi_app/http/poll_request.hpp"
#include "tests/fuzz/poll_rules.hpp"
#include "tests/fuzz/targets.hpp"
#include "text/utf8.hpp"

#include <boost/json.hpp>

namespace fuzz {

namespace {

std::string form_encoded(std::string_view bytes)
{
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

// Boost.JSON checks the UTF-8 of strings with code of its own.
bool is_utf8_for_boost(std::string_view bytes)
{
    std::string text = "\"";
    for (const char c : bytes) {
        const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
        text += plain ? c : ' ';
    }
    text += '"';
    boost::json::error_code error;
    boost::json::parse(text, error);
    return !error;
}

} // namespace

void form(std::string_view input)
{
    const auto fields = http::parse_form(input, 64);
    if (fields) {
        must(fields->size() <= 64, "no more fields than allowed");
        std::string again;
        for (const auto& [name, value] : *fields) {
            again += form_encoded(name) + "=" + form_encoded(value) + "&";
        }
        must(http::parse_form(again, 64) == fields, "written and read again");
    }
    must(http::form_decode(form_encoded(input)) == std::string(input), "any byte can be encoded");
    must(text::is_utf8(input) == is_utf8_for_boost(input), "UTF-8 as Boost.JSON sees it");

    const auto poll = http::parse_poll_form(input);
    follows_the_rules(poll);
    if (!http::parse_form(input, input.size() + 1)) {
        must(poll.malformed, "a malformed form is a malformed poll");
    }
}

} // namespace fuzz
