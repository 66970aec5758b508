#include "fcgi_app/http/body.hpp"

#include <algorithm>

namespace http {

namespace {

// A header's value as it may be shown in an answer: nothing if it is long or holds odd characters.
std::string shown(std::string_view value)
{
    const bool plain =
        !value.empty() && value.size() <= 64 && std::all_of(value.begin(), value.end(), [](char c) {
            return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
        });
    return plain ? std::string(value) : std::string();
}

refusal wrong_type(std::string_view given, bool form_too)
{
    std::string sentence = "The body must be application/json";
    sentence += form_too ? " or application/x-www-form-urlencoded" : "";
    const std::string name = shown(given);
    sentence += given.empty()  ? ", and Content-Type must say so."
                : name.empty() ? "."
                               : ", not " + name + ".";
    return refusal{415, sentence};
}

bool is_utf8(std::string_view charset)
{
    return charset.empty() || charset == "utf-8" || charset == "utf8" || charset == "us-ascii" ||
           charset == "ascii";
}

} // namespace

result<encoding> encoding_of(const request& r, bool form_too)
{
    const std::string_view body = r.body;
    if ((!r.content_encoding.empty() && r.content_encoding != "identity") ||
        body.starts_with("\x1f\x8b")) { // gzip
        return refusal{415, "The body must not be compressed."};
    }
    if (r.content_type.empty() && body.empty()) {
        return encoding::nothing;
    }
    const bool json = r.content_type == "application/json";
    if (!json && !(form_too && r.content_type == "application/x-www-form-urlencoded")) {
        return wrong_type(r.content_type, form_too);
    }
    if (!is_utf8(r.charset) || body.starts_with("\xff\xfe") || body.starts_with("\xfe\xff")) {
        return refusal{415, "The body must be UTF-8, not another encoding of characters."};
    }
    return json ? encoding::json : encoding::form;
}

std::string_view text_of(const request& r)
{
    constexpr std::string_view mark = "\xef\xbb\xbf";
    const std::string_view body = r.body;
    return body.starts_with(mark) ? body.substr(mark.size()) : body;
}

} // namespace http
