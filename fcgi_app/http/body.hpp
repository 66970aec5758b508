// How a body is encoded (docs/PROTOCOL.md, "Bodies"): decided by what the headers say, and by the
// bytes only where they show that the headers cannot be true. Any thread.
#pragma once

#include "fcgi_app/http/refusal.hpp"
#include "fcgi_app/http/request.hpp"

#include <string_view>
#include <variant>

namespace http {

enum class encoding {
    nothing, // no body, and no Content-Type
    form,    // application/x-www-form-urlencoded
    json,    // application/json
};

// A refusal is 415 and says what to send instead: another media type, none, another charset than
// UTF-8, or a compressed body. `form_too`: this route takes forms beside JSON.
std::variant<encoding, refusal> encoding_of(const request& r, bool form_too);

// The body without a byte order mark of UTF-8, which some editors and languages write before any
// text (RFC 8259, section 8.1, lets a reader ignore it).
std::string_view text_of(const request& r);

} // namespace http
