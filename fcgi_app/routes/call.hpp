// One request on its way through a route, and the pieces that routes share. Fibers of the event
// loop only.
#pragma once

#include "fcgi_app/http/request.hpp"
#include "fcgi_app/http/response.hpp"
#include "fcgi_app/routes/exchange.hpp"
#include "fcgi_app/routes/services.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace routes {

struct call {
    http::request request;
    exchange_ptr peer;                // a route that answers later (the poll) moves it out
    std::int64_t wall = 0;            // {id} of the path
    std::int64_t post = 0;            // {post_id} of the path
    std::uint64_t number = 0;         // names this request in the log
    walls::answer_room::share room{}; // of a large answer, until it is sent
};

// Where a session id may come from, in this order: the given body field, bearer, cookie.
struct credentials {
    // None, or one; several are cookies of one name, of which one should be good: a browser that
    // has a stale one of another Path or Domain sends both.
    std::vector<std::string> session_ids;
    bool from_cookie = false;
};
credentials credentials_of(const http::request& r, std::string_view from_body = {});

// The signed-in user, or the response that says why not: 401, 403 (a writing call by cookie without
// X-CSRF-Token), 503.
using identified = std::variant<walls::identity_ptr, http::response>;
identified authenticate(services& s, const call& c);
// The same, who in addition may see the wall c.wall; else 403.
identified authenticate_member(services& s, const call& c);
// Both of a call that only reads, and not too often; else 429.
identified authenticate_reader(services& s, const call& c);
identified authenticate_wall_reader(services& s, const call& c);
// The same, and not too often: for what costs the database a transaction, or as much. Else 429.
identified authenticate_writer(services& s, const call& c);

// The body as a JSON object, or the response that says why not: 400, 415, 422.
std::variant<boost::json::object, http::response> json_body(const http::request& r);

// What a post shall say, from the field "body", or the response that says why not: 413, 422.
std::variant<std::string, http::response> text_of_post(const boost::json::object& fields);
// {"post":<entry>,"epoch":…}, without an epoch that is not known.
http::response entry_response(const db::written_entry& e, int status);

// Who asks, for the statement that reads or writes; and what it says no with: 401 or 403.
db::reader reader_of(const walls::identity& caller);
http::response refusal(db::denied why);

// One to three, drawn: who is refused together should not come back together.
std::chrono::seconds some_seconds(services& s);
// 503 with Retry-After, logged and counted.
http::response unavailable(services& s, const walls::db_error& t);
// Whatever the database said instead of an answer. `unacceptable`: the sentence of a 422.
http::response refusal(services& s, const db::failure& why, std::string_view unacceptable = {});

} // namespace routes
