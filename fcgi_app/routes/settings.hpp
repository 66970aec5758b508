// What an operator may set of the routes, each with its default. Options of the server
// (fcgi_app/config) fill it in; derive() there sets what follows from the others.
#pragma once

#include "db/settings.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace routes {

struct rate_settings { // of one user and one address; 0: no limit
    bool on = true;    // off: as none()
    std::size_t user_polls_per_second = 100;
    std::size_t address_polls_per_second = 20'000;
    std::size_t user_posts_per_second = 20;
    std::size_t address_posts_per_second = 2'000;
    std::size_t user_reads_per_second = 20;
    std::size_t address_reads_per_second = 1'000;
    std::size_t address_sign_ins_per_minute = 60;
    std::size_t address_refusals_per_second = 20;
    // Of guests, who have no other bound. A thousand in one company or school are no rarity, and
    // some in front of ten thousand have a proxy that nginx was not told of. But it is a thirtieth
    // of the places that guests have together (walls::settings), and the /48 that somebody has at
    // home, with its share of 16, has but half of them.
    std::size_t max_parked_per_address = 10'000;
    std::chrono::seconds sign_in_longest_delay{300};

    static rate_settings none() { return {false, 0, 0, 0, 0, 0, 0, 0, 0, 0, {}}; }
};

struct settings {
    std::string mount; // cut off the paths that come (mount.hpp); empty: they come without
    std::chrono::milliseconds poll_time{60'000};        // a poll ends 0 to poll_spread before this
    std::chrono::milliseconds poll_spread{5'000};       // no option: at most a twelfth of poll_time
    std::chrono::seconds stream_time{600};              // a stream ends in the second half of this
    std::chrono::milliseconds stream_heartbeat{20'000}; // the longest that a stream is silent
    std::size_t returns_per_second = 5'000;             // of those whose polls a stop ended
    // No options of their own: those of the database.
    std::size_t page_bytes = db::settings().page_bytes; // JSON of a page of history, of a search
    std::chrono::seconds session_lifetime = db::settings().session_lifetime;
    // Of a browser's session; judged by fault_in_cookie() (session_cookie.hpp).
    std::string cookie_name = "pollster_session";
    std::string cookie_path = "/";
    enum class cookies { as_request, secure, plain } secure_cookie = cookies::as_request;
    rate_settings rates;
};

} // namespace routes
