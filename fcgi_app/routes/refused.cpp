#include "fcgi_app/routes/refused.hpp"

#include <spdlog/spdlog.h>

namespace routes {

namespace {

http::refusal said_of(const context&, const http::refusal& r)
{
    return r;
}

http::refusal said_of(const context&, db::denied why)
{
    return why == db::denied::signed_out ? http::refusal{401, "Please sign in."}
                                         : http::refusal{403, "You may not see this wall."};
}

http::refusal said_of(const context& cx, const walls::db_error& e)
{
    if (e.kind == walls::db_error_kind::too_many) { // as at other limits, no line for each
        cx.metrics.waiting_of_user.Increment();
        return {429, "Too many of your requests are waiting. Please wait.",
                std::chrono::seconds(1)};
    }
    if (e.kind == walls::db_error_kind::overloaded) {
        cx.metrics.waiting_jobs.Increment();
    }
    cx.metrics.database_refusals.Increment();
    spdlog::warn("database error, answering 503: {}", e.why);
    // All clients of a restarted database must not come back in the same moment.
    return {503, "The database is not available. Please try again.", cx.jitter.some_seconds()};
}

} // namespace

http::response response_to(const context& cx, const refused& r)
{
    return http::response::error(
        std::visit([&cx](const auto& why) { return said_of(cx, why); }, r.why));
}

} // namespace routes
