#include "fcgi_app/routes/refused.hpp"

#include <spdlog/spdlog.h>

namespace routes {

namespace {

http::refusal said_of(const context&, const http::refusal& r, const http::request_name&)
{
    return r;
}

http::refusal said_of_error(const context& cx, const db::failure& f, const http::request_name& name)
{
    if (f.kind == walls::db_error_kind::too_many) { // as at other limits, no line for each
        cx.metrics.waiting_of_user.Increment();
        return {429, "Too many of your requests are waiting. Please wait.",
                std::chrono::seconds(1)};
    }
    if (f.kind == walls::db_error_kind::overloaded) {
        cx.metrics.waiting_jobs.Increment();
    }
    cx.metrics.database_refusals.Increment();
    spdlog::warn("request {}: database error, answering 503: {}", name.text(), f.why);
    // All clients of a restarted database must not come back in the same moment.
    if (walls::must_be_mended(f.kind)) {
        return {503, "The server is not set up completely. Whoever runs it has to mend it.",
                cx.jitter.some_seconds()};
    }
    return {503, "The database is not available. Please try again.", cx.jitter.some_seconds()};
}

http::refusal said_of(const context& cx, const db::failure& f, const http::request_name& name)
{
    if (!f.no) {
        return said_of_error(cx, f, name);
    }
    switch (*f.no) {
    case db::denied::signed_out:
        return {401, "Please sign in."};
    case db::denied::no_member:
        break;
    case db::denied::no_author:
        return {403, "This post is not yours."};
    case db::denied::no_post:
        return {404, "There is no such post on this wall."};
    case db::denied::key_in_use:
        return {409, "This client_key was used for another post."};
    case db::denied::unacceptable:
        return unacceptable(name, f.why, "The database does not take this text.");
    }
    return {403, "You may not see this wall."};
}

} // namespace

http::refusal something_went_wrong()
{
    return http::refusal{500, "Something went wrong here. It has been logged."};
}

http::refusal unacceptable(const http::request_name& name, const std::string& why,
                           std::string_view sentence)
{
    spdlog::info("request {}: the database does not take a post, answering 422: {}", name.text(),
                 why);
    return {422, std::string(sentence)};
}

http::response response_to(const context& cx, const refused& r, const http::request_name& name)
{
    return http::response::error(
        std::visit([&](const auto& why) { return said_of(cx, why, name); }, r.why));
}

} // namespace routes
