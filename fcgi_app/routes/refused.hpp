// Why a handler does not do what was asked, and the one place that makes a response of it. Fibers
// of the event loop only.
#pragma once

#include "db/answer.hpp"
#include "fcgi_app/http/refusal.hpp"
#include "fcgi_app/http/response.hpp"
#include "fcgi_app/http/trace.hpp"
#include "fcgi_app/routes/context.hpp"
#include "walls/db_error.hpp"

#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace routes {

// Made of whatever a handler got, so that it returns that.
struct refused {
    refused() = default; // boost::system::result wants it
    refused(http::refusal r)
        : why(std::move(r))
    {
    }
    refused(db::failure f)
        : why(std::move(f))
    {
    }
    refused(walls::db_error e)
        : why(db::failure(std::move(e)))
    {
    }
    refused(db::denied d)
        : why(db::failure(d))
    {
    }

    std::variant<http::refusal, db::failure> why;
};

template <class T>
using outcome = boost::system::result<T, refused>;

// Found by boost::system::result when value() is called on a refusal.
[[noreturn]] inline void throw_exception_from_error(const refused&, const boost::source_location&)
{
    throw std::runtime_error("refused");
}

// `name`: of the request, for the log. 401, 403, 404 or 409 for what is denied, 422 for what the
// database does not take; 503 or 429 with Retry-After for an error of the database, which is logged
// and counted.
http::response response_to(const context& cx, const refused& r, const http::request_name& name);

// 500, for a bug; what it was goes into the log.
http::refusal something_went_wrong();

// 422 with this sentence; why goes into the log.
http::refusal unacceptable(const http::request_name& name, const std::string& why,
                           std::string_view sentence);

} // namespace routes
