#include "fcgi_app/routes/call.hpp"

#include "fcgi_app/http/body.hpp"
#include "fcgi_app/http/form.hpp"
#include "fcgi_app/http/json_object.hpp"
#include "fcgi_app/http/request_origin.hpp"

#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <spdlog/spdlog.h>

namespace routes {

namespace {

constexpr std::size_t longest_body = 65'536;
constexpr std::string_view cookie_name = "pollster_session";

bool writes(const http::request& r)
{
    return r.method != "GET" && r.method != "HEAD";
}

// A browser sends the cookie with what a foreign page makes it send, too. X-CSRF-Token a foreign
// page can only add after a CORS grant; from one that says it is foreign it counts for nothing.
bool may_be_forged(const services& s, const http::request& r)
{
    switch (http::request_origin_of(r, s.cors)) {
    case http::request_origin::own:
        return false;
    case http::request_origin::foreign:
        return true;
    case http::request_origin::unknown:
        break;
    }
    return r.csrf_token.empty();
}

// The same caller, if he may see the wall c.wall.
identified on_wall(identified caller, const call& c)
{
    if (const auto* user = std::get_if<walls::identity_ptr>(&caller);
        user != nullptr && !(*user)->may_see(walls::wall_id{c.wall})) {
        return refusal(db::denied::no_member);
    }
    return caller;
}

} // namespace

credentials credentials_of(const http::request& r, std::string_view from_body)
{
    if (!from_body.empty()) {
        return {{std::string(from_body)}, false};
    }
    if (const auto token = http::bearer_token(r.authorization)) {
        return {{std::string(*token)}, false};
    }
    const auto cookies = http::cookie_values(r.cookie, cookie_name);
    return {{cookies.begin(), cookies.end()}, true};
}

db::reader reader_of(const walls::identity& caller)
{
    return {caller.token, caller.user};
}

http::response refusal(db::denied why)
{
    switch (why) {
    case db::denied::signed_out:
        return http::response::error(401, "Please sign in.");
    case db::denied::no_member:
    case db::denied::unacceptable: // has a sentence of its own
        break;
    case db::denied::no_author:
        return http::response::error(403, "This post is not yours.");
    case db::denied::no_post:
        return http::response::error(404, "There is no such post on this wall.");
    case db::denied::key_in_use:
        return http::response::error(409, "This client_key was used for another post.");
    }
    return http::response::error(403, "You may not see this wall.");
}

std::chrono::seconds some_seconds(services& s)
{
    return std::chrono::seconds(1 + s.random() % 3);
}

http::response unavailable(services& s, const walls::db_error& t)
{
    if (t.kind == walls::db_error_kind::too_many) { // as at other limits, no line for each
        s.metrics.waiting_of_user.Increment();
        return http::response::error(429, "Too many of your requests are waiting. Please wait.",
                                     std::chrono::seconds(1));
    }
    s.metrics.database_refusals.Increment();
    spdlog::warn("database error, answering 503: {}", t.why);
    // All clients of a restarted database must not come back in the same moment.
    return http::response::error(503, "The database is not available. Please try again.",
                                 some_seconds(s));
}

http::response refusal(services& s, const db::failure& why, std::string_view unacceptable)
{
    if (!why.no) {
        return unavailable(s, why.error());
    }
    if (why.no == db::denied::unacceptable) {
        spdlog::info("the database does not take a post, answering 422: {}", why.why);
        return http::response::error(422, unacceptable);
    }
    return refusal(*why.no);
}

identified authenticate(services& s, const call& c)
{
    const credentials given = credentials_of(c.request);
    if (given.session_ids.empty()) {
        return refusal(db::denied::signed_out);
    }
    if (given.from_cookie && writes(c.request) && may_be_forged(s, c.request)) {
        return http::response::error(
            403, "A call with a cookie needs the header X-CSRF-Token, and must come from a page of "
                 "this origin or of one in cors_origins.");
    }
    auto caller = s.access.find_any(given.session_ids, s.refresh.looks_succeed());
    if (!caller) {
        return unavailable(s, caller.error());
    }
    if (!*caller) {
        return refusal(db::denied::signed_out);
    }
    return *caller;
}

identified authenticate_member(services& s, const call& c)
{
    return on_wall(authenticate(s, c), c);
}

identified authenticate_reader(services& s, const call& c)
{
    if (auto refused = s.rate_limits.read_from(c.request)) {
        return std::move(*refused);
    }
    identified caller = authenticate(s, c);
    if (const auto* user = std::get_if<walls::identity_ptr>(&caller)) {
        if (auto refused = s.rate_limits.read_by((*user)->user)) {
            return std::move(*refused);
        }
    }
    return caller;
}

identified authenticate_wall_reader(services& s, const call& c)
{
    return on_wall(authenticate_reader(s, c), c);
}

identified authenticate_writer(services& s, const call& c)
{
    identified caller = authenticate_member(s, c);
    if (const auto* user = std::get_if<walls::identity_ptr>(&caller)) {
        if (auto refused = s.rate_limits.post(c.request, (*user)->user)) {
            return std::move(*refused);
        }
    }
    return caller;
}

std::variant<boost::json::object, http::response> json_body(const http::request& r)
{
    const auto encoding = http::encoding_of(r, false);
    if (const auto* refused = std::get_if<http::refusal>(&encoding)) {
        return http::response::error(*refused);
    }
    auto body = http::parse_json_object(http::text_of(r));
    if (const auto* refused = std::get_if<http::refusal>(&body)) {
        return http::response::error(*refused);
    }
    return std::move(std::get<boost::json::object>(body));
}

std::variant<std::string, http::response> text_of_post(const boost::json::object& fields)
{
    const auto* text = fields.if_contains("body");
    if (text == nullptr || !text->is_string()) {
        return http::response::error(422, "body must be a text.");
    }
    std::string body(text->get_string());
    if (body.size() > longest_body) {
        return http::response::error(413, "A post may have 65,536 bytes.");
    }
    if (body.empty()) {
        return http::response::error(422, "A post needs a text.");
    }
    return body;
}

http::response entry_response(const db::written_entry& e, int status)
{
    std::string body = R"({"post":)" + walls::to_json(e.entry);
    if (e.epoch != walls::wall_epoch{0}) {
        body += R"(,"epoch":)" + std::to_string(walls::number(e.epoch));
    }
    return http::response::json(body += '}', status);
}

} // namespace routes
