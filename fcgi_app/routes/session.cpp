#include "fcgi_app/http/body.hpp"
#include "fcgi_app/http/form.hpp"
#include "fcgi_app/http/request_origin.hpp"
#include "fcgi_app/routes/handlers.hpp"
#include "fcgi_app/routes/session_cookie.hpp"
#include "text/utf8.hpp"
#include "walls/json_id.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>

namespace routes {

namespace {

namespace json = boost::json;

struct name_and_password {
    std::string name;
    std::string password;
};

http::result<name_and_password> from_form(const http::request& r)
{
    const auto fields = http::parse_form(http::text_of(r), 16);
    if (!fields) {
        return http::refusal{400, "The form is malformed: % needs two hexadecimal digits, and 16 "
                                  "fields are the most."};
    }
    name_and_password given;
    for (const auto& [key, value] : *fields) {
        if (!text::is_text(key) || !text::is_text(value)) {
            return http::not_a_text();
        }
        if (key == "name") {
            given.name = value;
        } else if (key == "password") {
            given.password = value;
        }
    }
    return given;
}

outcome<name_and_password> from_json(const http::request& r)
{
    const auto fields = json_body(r);
    if (!fields) {
        return fields.error();
    }
    const auto* name = fields->if_contains("name");
    const auto* password = fields->if_contains("password");
    if (name == nullptr || password == nullptr || !name->is_string() || !password->is_string()) {
        return http::refusal{400, "name and password are missing."};
    }
    return name_and_password{std::string(name->get_string()), std::string(password->get_string())};
}

outcome<name_and_password> read_credentials(const http::request& r)
{
    const auto encoding = http::encoding_of(r, true);
    if (!encoding) {
        return encoding.error();
    }
    auto given =
        *encoding == http::encoding::form ? outcome<name_and_password>(from_form(r)) : from_json(r);
    const auto plain = [](const std::string& text) { return !text.empty() && text.size() <= 256; };
    if (given && (!plain(given->name) || !plain(given->password))) {
        return http::refusal{400, "name and password must be 1 to 256 bytes of UTF-8."};
    }
    return given;
}

// Of the years 1 to 9999.
std::string utc_text(std::chrono::sys_time<std::chrono::milliseconds> t)
{
    namespace chr = std::chrono;
    const auto day = chr::floor<chr::days>(t);
    const chr::year_month_day date(day);
    const chr::hh_mm_ss time(t - day);
    char text[64];
    std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
    return text;
}

json::object user_json(walls::user_id user, const std::string& name)
{
    return {{"id", walls::json_id(user)}, {"name", name}};
}

} // namespace

answer sign_in(context& cx, call& c)
{
    const auto given = read_credentials(c.request);
    if (!given) {
        return given.error();
    }
    const auto& [name, password] = *given;
    if (auto too_many = cx.limits.sign_in(c.request, name)) {
        spdlog::info("request {}: sign-in from {} has to wait", c.name().text(),
                     c.request.remote_addr);
        return std::move(*too_many);
    }
    const auto done = cx.data.sessions.sign_in(name, password, rate_limits::origin_of(c.request));
    if (!done && done.error().kind == walls::db_error_kind::overloaded) {
        // Passwords are slow to verify, on purpose; the queue is short, so that nobody waits in
        // vain.
        cx.metrics.waiting_sign_ins.Increment();
        return http::refusal{503, "Too many people are signing in. Please try again.",
                             cx.jitter.some_seconds()};
    }
    if (!done) {
        return done.error();
    }
    if (!*done) {
        spdlog::info("request {}: sign-in refused from {}", c.name().text(), c.request.remote_addr);
        return http::refusal{401, "Wrong name or password."};
    }
    cx.limits.signed_in(c.request, name);
    const db::signed_in& in = **done;
    cx.metrics.sessions_ended.Increment(static_cast<double>(in.ended));
    spdlog::info("request {}: user {} signed in", c.name().text(), walls::number(in.user));
    http::response r = http::response::json(
        json::serialize(json::object{{"session_id", in.session_id},
                                     {"user", user_json(in.user, in.user_name)},
                                     {"expires_at", in.expires_at}}),
        201);
    // A foreign page must not be able to sign the visitor's browser in as somebody else.
    if (http::request_origin_of(c.request, cx.cors) != http::request_origin::foreign) {
        r.headers.emplace_back("Set-Cookie",
                               session_cookie(cx.options, c.request.https, in.session_id,
                                              cx.options.session_lifetime.count()));
    }
    return r;
}

answer sign_out(context& cx, call& c)
{
    const auto caller = authenticate(cx, c, purpose::session);
    if (!caller) {
        return caller.error();
    }
    // All that the browser sent: a second good one would sign the user in again.
    bool any = false;
    for (const std::string& session_id :
         credentials_of(c.request, cx.options.cookie_name).session_ids) {
        const auto out = cx.data.sessions.sign_out(session_id);
        if (!out) {
            return out.error();
        }
        any |= *out;
        cx.hub.forget(session_id);
    }
    // A signed token is good until its time is up: the browser forgets it, and that is all.
    const bool goes_on = (*caller)->is_signed();
    if (!any && !goes_on) { // ended since it was remembered
        return db::denied::signed_out;
    }
    // The user's own parked polls end now; those of other sessions of the same user look once and
    // park again.
    if (any) {
        cx.hub.access_changed((*caller)->user);
    }
    json::object said{{"signed_out", !goes_on}};
    if (goes_on) {
        said["expires_at"] = utc_text((*caller)->expires);
    }
    http::response r = http::response::json(json::serialize(said));
    r.headers.emplace_back("Set-Cookie", session_cookie(cx.options, c.request.https, "", 0));
    return r;
}

answer show_session(context& cx, call& c)
{
    for (const std::string& session_id :
         credentials_of(c.request, cx.options.cookie_name).session_ids) {
        cx.hub.forget(session_id); // what is remembered may be a look old
    }
    const auto caller = authenticate(cx, c, purpose::himself);
    if (!caller) {
        return caller.error();
    }
    const walls::identity& user = **caller;
    return http::response::json(json::serialize(json::object{
        {"user", user_json(user.user, user.user_name)}, {"expires_at", utc_text(user.expires)}}));
}

} // namespace routes
