// One request on its way through a route, and the pieces that handlers share. Fibers of the event
// loop only.
#pragma once

#include "fcgi_app/fastcgi/exchange.hpp"
#include "fcgi_app/http/request.hpp"
#include "fcgi_app/routes/context.hpp"
#include "fcgi_app/routes/refused.hpp"
#include "walls/answer_room.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace routes {

struct call {
    http::request request;
    std::unique_ptr<fastcgi::exchange> peer; // a route that answers later (the poll) moves it out
    std::int64_t wall = 0;                   // {id} of the path
    std::int64_t post = 0;                   // {post_id} of the path
    std::uint64_t number = 0;                // of this request, in this process
    walls::answer_room::share room{};        // of a large answer, until it is sent

    http::request_name name() const { return {number, request.trace}; } // in the log
};

// Where a session id may come from, in this order: the given body field, bearer, cookie (of the
// option cookie_name).
struct credentials {
    // None, or one; several are cookies of one name, of which one should be good (a browser that
    // has a stale one of another Path or Domain sends both), or what a token with a bar in it may
    // mean (db::secrets_in()).
    std::vector<std::string> session_ids;
    bool from_cookie = false;
};
credentials credentials_of(const http::request& r, std::string_view cookie_name,
                           std::string_view from_body = {});

// Why a request without any session has none, if that can be told; empty: nobody is signed in.
std::string why_no_session(const http::request& r);

// Who reads without a session: a guest of the open walls. Null: nobody, for no wall is open, or the
// client says that it is a user's. May block.
outcome<walls::identity_ptr> guest_of_open_walls(context& cx, const http::request& r);

// A client may say whose page it is (X-Pollster-User; 0: a guest's): its browser may have signed
// somebody else in since, in another tab. 412 if the session is not that user's.
std::optional<http::refusal> another_user(const http::request& r, const walls::identity& who);

// What a call needs the caller for.
enum class purpose {
    session,    // of his own
    himself,    // who he is: not too often (429)
    reading,    // the same; whoever has no session reads what is open to all
    wall,       // the same, of a wall that he may see: c.wall
    wall_costs, // writes on a wall that he may see; costs the database a transaction
};
// Who calls, if he may: the one place where a handler finds that out; for those who want to wait it
// is admit() (admission.hpp). Refuses with 401, 403 (no member, one who may only read, or a writing
// call by cookie without proof that it is not forged), 412, 429, 503.
outcome<walls::identity_ptr> authenticate(context& cx, const call& c, purpose p);

// On whose behalf a statement reads or writes: the statement checks it again.
db::reader reader_of(const walls::identity& who);

// The body as a JSON object; else 400, 415, 422.
outcome<boost::json::object> json_body(const http::request& r);
// What a post shall say, from the field "body"; else 413, 422.
outcome<std::string> text_of_post(const boost::json::object& fields);
// {"post":<entry>,"epoch":…}, without an epoch that is not known.
http::response entry_response(const db::written_entry& e, int status);
} // namespace routes
