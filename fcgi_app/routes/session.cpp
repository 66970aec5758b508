#include "fcgi_app/http/body.hpp"
#include "fcgi_app/http/form.hpp"
#include "fcgi_app/http/request_origin.hpp"
#include "fcgi_app/routes/handlers.hpp"
#include "text/utf8.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>

namespace routes {

namespace {

namespace json = boost::json;

constexpr std::string_view cookie = "pollster_session=";

struct name_and_password {
    std::string name;
    std::string password;
};

std::variant<name_and_password, http::response> read_credentials(const http::request& r)
{
    name_and_password given;
    const auto encoding = http::encoding_of(r, true);
    if (const auto* refused = std::get_if<http::refusal>(&encoding)) {
        return http::response::error(*refused);
    }
    if (std::get<http::encoding>(encoding) == http::encoding::form) {
        const auto fields = http::parse_form(http::text_of(r), 16);
        if (!fields) {
            return http::response::error(
                400, "The form is malformed: % needs two hexadecimal digits, and 16 fields are the "
                     "most.");
        }
        for (const auto& [key, value] : *fields) {
            if (!text::is_text(key) || !text::is_text(value)) {
                return http::response::error(http::not_a_text());
            }
            if (key == "name") {
                given.name = value;
            } else if (key == "password") {
                given.password = value;
            }
        }
    } else {
        auto body = json_body(r);
        if (auto* refused = std::get_if<http::response>(&body)) {
            return std::move(*refused);
        }
        const auto& fields = std::get<json::object>(body);
        const auto* name = fields.if_contains("name");
        const auto* password = fields.if_contains("password");
        if (name == nullptr || password == nullptr || !name->is_string() ||
            !password->is_string()) {
            return http::response::error(400, "name and password are missing.");
        }
        given.name = name->get_string();
        given.password = password->get_string();
    }
    const auto plain = [](const std::string& text) { return !text.empty() && text.size() <= 256; };
    if (!plain(given.name) || !plain(given.password)) {
        return http::response::error(400, "name and password must be 1 to 256 bytes of UTF-8.");
    }
    return given;
}

std::string cookie_line(const services& s, const http::request& r, std::string_view value,
                        std::int64_t max_age)
{
    std::string line(cookie);
    line += value;
    line += "; Path=/; HttpOnly; SameSite=Lax; Max-Age=" + std::to_string(max_age);
    const auto secure = s.options.secure_cookie;
    if (secure == settings::cookies::secure ||
        (secure == settings::cookies::as_request && r.https)) {
        line += "; Secure";
    }
    return line;
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

// Passwords are slow to verify, on purpose; the queue is short, so that nobody waits in vain.
http::response too_many_sign_ins(services& s)
{
    s.metrics.waiting_sign_ins.Increment();
    return http::response::error(503, "Too many people are signing in. Please try again.",
                                 some_seconds(s));
}

json::object user_json(walls::user_id user, const std::string& name)
{
    return {{"id", walls::number(user)}, {"name", name}};
}

} // namespace

answer sign_in(services& s, call& c)
{
    auto given = read_credentials(c.request);
    if (auto* refused = std::get_if<http::response>(&given)) {
        return std::move(*refused);
    }
    const auto& [name, password] = std::get<name_and_password>(given);
    if (auto refused = s.rate_limits.sign_in(c.request, name)) {
        spdlog::info("request {}: sign-in from {} has to wait", c.number, c.request.remote_addr);
        return std::move(*refused);
    }
    auto done = s.sessions.sign_in(name, password, s.rate_limits.origin_of(c.request));
    if (!done && done.error().kind == walls::db_error_kind::overloaded) {
        return too_many_sign_ins(s);
    }
    if (!done) {
        return unavailable(s, done.error());
    }
    if (!*done) {
        spdlog::info("request {}: sign-in refused from {}", c.number, c.request.remote_addr);
        return http::response::error(401, "Wrong name or password.");
    }
    s.rate_limits.signed_in(c.request, name);
    const db::signed_in& in = **done;
    spdlog::info("request {}: user {} signed in", c.number, walls::number(in.user));
    http::response r = http::response::json(
        json::serialize(json::object{{"session_id", in.session_id},
                                     {"user", user_json(in.user, in.user_name)},
                                     {"expires_at", in.expires_at}}),
        201);
    // A foreign page must not be able to sign the visitor's browser in as somebody else.
    if (http::request_origin_of(c.request, s.cors) != http::request_origin::foreign) {
        r.headers.emplace_back("Set-Cookie", cookie_line(s, c.request, in.session_id,
                                                         s.options.session_lifetime.count()));
    }
    return r;
}

answer sign_out(services& s, call& c)
{
    auto caller = authenticate(s, c);
    if (auto* refused = std::get_if<http::response>(&caller)) {
        return std::move(*refused);
    }
    // All that the browser sent: a second good one would sign the user in again.
    bool any = false;
    for (const std::string& session_id : credentials_of(c.request).session_ids) {
        if (const auto out = s.sessions.sign_out(session_id); !out) {
            return unavailable(s, out.error());
        } else {
            any |= *out;
        }
        s.access.forget(session_id);
    }
    if (!any) { // ended since it was remembered
        return refusal(db::denied::signed_out);
    }
    // The user's own parked polls end now; those of other sessions of the same user look once and
    // park again.
    const auto user = std::get<walls::identity_ptr>(caller)->user;
    s.access.forget(user);
    s.presence.wake(user, walls::woken::access_changed);
    http::response r = http::response::json(R"({"signed_out":true})");
    r.headers.emplace_back("Set-Cookie", cookie_line(s, c.request, "", 0));
    return r;
}

answer show_session(services& s, call& c)
{
    for (const std::string& session_id : credentials_of(c.request).session_ids) {
        s.access.forget(session_id); // what is remembered may be a look old
    }
    auto caller = authenticate_reader(s, c);
    if (auto* refused = std::get_if<http::response>(&caller)) {
        return std::move(*refused);
    }
    const walls::identity& user = *std::get<walls::identity_ptr>(caller);
    return http::response::json(json::serialize(json::object{
        {"user", user_json(user.user, user.user_name)}, {"expires_at", utc_text(user.expires)}}));
}

} // namespace routes
