// What the routes work with. Built once by the server's wiring (fcgi_app/app.cpp), passed by
// reference.
#pragma once

#include "db/counters.hpp"
#include "db/post_groups.hpp"
#include "db/posts.hpp"
#include "db/sessions.hpp"
#include "fcgi_app/http/cors.hpp"
#include "fcgi_app/routes/metrics.hpp"
#include "fcgi_app/routes/rate_limits.hpp"
#include "fibers/fiber_pool.hpp"
#include "fibers/stacks.hpp"
#include "fibers/step_gate.hpp"
#include "walls/access_cache.hpp"
#include "walls/answer_room.hpp"
#include "walls/backlog.hpp"
#include "walls/global_hash.hpp"
#include "walls/parking.hpp"
#include "walls/presence.hpp"
#include "walls/recent_entries.hpp"
#include "walls/refresher.hpp"

#include <chrono>
#include <random>

namespace routes {

class poll_in_progress;

struct settings {
    std::chrono::milliseconds poll_time{60'000}; // a poll ends 0 to poll_spread before this
    std::chrono::milliseconds poll_spread{5'000};
    std::size_t page_bytes = std::size_t{1} << 20; // JSON of a page of history, of a search
    std::size_t max_parked = 1'200'000;
    std::size_t max_parked_per_user = 0; // 0: no limit
    std::chrono::seconds session_lifetime{30 * 24 * 3600};
    enum class cookies { as_request, secure, plain } secure_cookie = cookies::as_request;
};

struct services {
    const settings& options;
    const http::cors& cors;
    db::posts& posts;
    db::sessions& sessions;
    const db::counter_source& database;
    walls::presence& presence;
    walls::global_hash& hash;
    walls::recent_entries& recent;
    walls::parking& parking;
    walls::access_cache& access;
    walls::refresher& refresh;
    walls::backlog& backlog;
    db::post_groups& posting;
    fibers::stack_pool& request_stacks; // for fibers that parse, ask the database, write JSON
    fibers::stack_pool& parked_stacks;  // for fibers that sleep: one touched page each
    fibers::fiber_pool<poll_in_progress>& parked_fibers; // on them, one for each parked poll
    routes::metrics& metrics;
    std::minstd_rand& random; // spreads deadlines; not for secrets
    routes::rate_limits& rate_limits;
    walls::answer_room& room; // for whatever is larger than exchange::in_one
    fibers::step_gate& steps; // of long work: JSON of large texts, large answers on their way out
};

} // namespace routes
