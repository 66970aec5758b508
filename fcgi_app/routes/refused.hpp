// Why a handler does not do what was asked, and the one place that makes a response of it. Fibers
// of the event loop only.
#pragma once

#include "db/store.hpp"
#include "fcgi_app/http/refusal.hpp"
#include "fcgi_app/http/response.hpp"
#include "fcgi_app/routes/context.hpp"
#include "walls/db_error.hpp"

#include <boost/system/result.hpp>

#include <stdexcept>
#include <utility>
#include <variant>

namespace routes {

// Made of any of the three, so that a handler returns what it got.
struct refused {
    refused() = default; // boost::system::result wants it
    refused(http::refusal r)
        : why(std::move(r))
    {
    }
    refused(walls::db_error e)
        : why(std::move(e))
    {
    }
    refused(db::denied d)
        : why(d)
    {
    }

    std::variant<http::refusal, walls::db_error, db::denied> why;
};

template <class T>
using outcome = boost::system::result<T, refused>;

// Found by boost::system::result when value() is called on a refusal.
[[noreturn]] inline void throw_exception_from_error(const refused&, const boost::source_location&)
{
    throw std::runtime_error("refused");
}

// What the database says, and whether the caller may know: both or neither.
template <class T>
outcome<T> allowed(walls::result<db::allowed<T>> answered)
{
    if (!answered) {
        return answered.error();
    }
    if (const auto* why = std::get_if<db::denied>(&*answered)) {
        return *why;
    }
    return std::get<T>(std::move(*answered));
}

// 401 or 403 for who is denied; 503 or 429 with Retry-After for an error of the database, which is
// logged and counted.
http::response response_to(const context& cx, const refused& r);

} // namespace routes
