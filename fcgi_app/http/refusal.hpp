// Why a request is refused, as the client reads it.
#pragma once

#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

namespace http {

struct refusal {
    int status = 400; // 4xx or 5xx
    std::string sentence;
    std::optional<std::chrono::seconds> retry_after = std::nullopt;
    std::string why = {}; // more about it; empty: the sentence says all
};

template <class T>
using result = boost::system::result<T, refusal>;

// Found by boost::system::result when value() is called on a refusal.
[[noreturn]] inline void throw_exception_from_error(const refusal& r, const boost::source_location&)
{
    throw std::runtime_error(r.sentence);
}

// Bytes or escapes that are not text, wherever they are: one answer for all of them.
inline refusal not_a_text()
{
    return refusal{422,
                   "A text must be Unicode in UTF-8, without NUL and without half of a surrogate "
                   "pair; something in the request is not."};
}

} // namespace http
