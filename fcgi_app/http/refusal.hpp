// Why a request is refused, as the client reads it.
#pragma once

#include <string>

namespace http {

struct refusal {
    int status; // 4xx
    std::string sentence;
};

// Bytes or escapes that are not text, wherever they are: one answer for all of them.
inline refusal not_a_text()
{
    return refusal{422,
                   "A text must be Unicode in UTF-8, without NUL and without half of a surrogate "
                   "pair; something in the request is not."};
}

} // namespace http
