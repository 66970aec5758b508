#include "fcgi_app/routes/call.hpp"

#include "db/token.hpp"
#include "fcgi_app/http/body.hpp"
#include "fcgi_app/http/form.hpp"
#include "fcgi_app/http/json_object.hpp"
#include "fcgi_app/http/request_origin.hpp"

#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

namespace routes {

namespace {

constexpr std::size_t longest_body = 65'536;
constexpr std::string_view guests_page = "0"; // X-Pollster-User

bool writes(const http::request& r)
{
    return r.method != "GET" && r.method != "HEAD";
}

// A browser sends the cookie with what a foreign page makes it send, too. X-CSRF-Token a foreign
// page can only add after a CORS grant; from one that says it is foreign it counts for nothing.
bool may_be_forged(const context& cx, const http::request& r)
{
    switch (http::request_origin_of(r, cx.cors)) {
    case http::request_origin::own:
        return false;
    case http::request_origin::foreign:
        return true;
    case http::request_origin::unknown:
        break;
    }
    return r.csrf_token.empty();
}

http::refusal please_sign_in(const http::request& r)
{
    http::refusal none{401, "Please sign in."};
    none.why = why_no_session(r);
    return none;
}

outcome<walls::identity_ptr> identify(context& cx, const http::request& r, purpose p)
{
    const credentials given = credentials_of(r, cx.options.cookie_name);
    if (given.session_ids.empty()) {
        const bool says_so = p == purpose::himself && r.user == guests_page;
        if (says_so || p == purpose::reading || p == purpose::wall) {
            auto guest = guest_of_open_walls(cx, r);
            if (!guest || *guest) {
                return guest;
            }
        }
        return please_sign_in(r);
    }
    if (given.from_cookie && writes(r) && may_be_forged(cx, r)) {
        return http::refusal{
            403, "A call with a cookie needs the header X-CSRF-Token, and must come from a page of "
                 "this origin or of one in cors_origins."};
    }
    const auto found = cx.hub.authenticate(given.session_ids);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return db::denied::signed_out;
    }
    if (auto other = another_user(r, **found)) {
        return std::move(*other);
    }
    return *found;
}

} // namespace

credentials credentials_of(const http::request& r, std::string_view cookie_name,
                           std::string_view from_body)
{
    if (!from_body.empty()) {
        return {db::secrets_in(from_body), false};
    }
    if (const auto token = http::bearer_token(r.authorization)) {
        return {db::secrets_in(*token), false};
    }
    if (r.user == guests_page) { // whatever is left of a session in this browser
        return {};
    }
    const auto cookies = http::cookie_values(r.cookie, cookie_name);
    credentials out{{}, true};
    for (const auto value : cookies) {
        std::ranges::move(db::secrets_in(value), std::back_inserter(out.session_ids));
    }
    return out;
}

// Our cookie is SameSite=Lax: whatever a page of another site asks for, and whoever is signed in in
// that browser, it comes without.
std::string why_no_session(const http::request& r)
{
    return r.fetch_site == "cross-site"
               ? "This browser sends no cookie from a page of another site. Use a token."
               : "";
}

std::optional<http::refusal> another_user(const http::request& r, const walls::identity& who)
{
    if (r.user.empty() || r.user == std::to_string(walls::number(who.user))) {
        return std::nullopt;
    }
    return http::refusal{412, "This session is another user's."};
}

outcome<walls::identity_ptr> guest_of_open_walls(context& cx, const http::request& r)
{
    if (!r.user.empty() && r.user != guests_page) {
        return walls::identity_ptr();
    }
    auto found = cx.hub.authenticate_guest();
    if (!found) {
        return found.error();
    }
    return *found && !(*found)->walls.empty() ? *found : nullptr;
}

db::reader reader_of(const walls::identity& who)
{
    return {who.by == walls::grounds::session ? who.token : "", who.user, who.by};
}

outcome<walls::identity_ptr> authenticate(context& cx, const call& c, purpose p)
{
    const bool only_reads = p == purpose::himself || p == purpose::reading || p == purpose::wall;
    if (only_reads) {
        if (auto too_many = cx.limits.read_from(c.request)) {
            return std::move(*too_many);
        }
    }
    auto caller = identify(cx, c.request, p);
    if (!caller) {
        return caller;
    }
    const walls::identity& who = **caller;
    if (only_reads) {
        if (auto too_many = cx.limits.read_by(who.user)) {
            return std::move(*too_many);
        }
    }
    if ((p == purpose::wall || p == purpose::wall_costs) && !who.may_see(walls::wall_id{c.wall})) {
        if (who.by == walls::grounds::open_walls) {
            return please_sign_in(c.request);
        }
        return db::denied::no_member;
    }
    if (p == purpose::wall_costs && !who.may_write()) {
        return http::refusal{403, "This token is for reading only."};
    }
    if (p == purpose::wall_costs) {
        if (auto too_many = cx.limits.post(c.request, who.user)) {
            return std::move(*too_many);
        }
    }
    return caller;
}

outcome<boost::json::object> json_body(const http::request& r)
{
    if (const auto encoding = http::encoding_of(r, false); !encoding) {
        return encoding.error();
    }
    auto body = http::parse_json_object(http::text_of(r));
    if (!body) {
        return body.error();
    }
    return std::move(*body);
}

outcome<std::string> text_of_post(const boost::json::object& fields)
{
    const auto* text = fields.if_contains("body");
    if (text == nullptr || !text->is_string()) {
        return http::refusal{422, "body must be a text."};
    }
    std::string body(text->get_string());
    if (body.size() > longest_body) {
        return http::refusal{413, "A post may have 65,536 bytes."};
    }
    if (body.empty()) {
        return http::refusal{422, "A post needs a text."};
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
