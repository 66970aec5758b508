// How a body is encoded (docs/PROTOCOL.md, "Bodies"): the headers decide, and the bytes only where
// they show that the headers cannot be true. Any thread.
#pragma once

#include "fcgi_app/http/refusal.hpp"
#include "fcgi_app/http/request.hpp"

#include <string_view>

namespace http {

enum class encoding {
    nothing, // no body, and no Content-Type
    form,    // application/x-www-form-urlencoded
    json,    // application/json
};

// A refusal is a 415 that says what to send instead; the reason is another media type, a missing
// one, a charset other than UTF-8, or a compressed body. `form_too`: this route takes forms as well
// as JSON.
result<encoding> encoding_of(const request& r, bool form_too);

// The body without the UTF-8 byte order mark that some editors and languages write before any text
// (RFC 8259, section 8.1, lets a reader ignore it).
std::string_view text_of(const request& r);

} // namespace http
