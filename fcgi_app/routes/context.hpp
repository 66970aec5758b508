// What the handlers of the routes work with, in a few parts. The application builds it once
// (fcgi_app/application.cpp), tests build it from fakes. Thread of the event loop only.
#pragma once

#include "db/counters.hpp"
#include "db/post_groups.hpp"
#include "db/posts.hpp"
#include "db/sessions.hpp"
#include "fcgi_app/http/cors.hpp"
#include "fcgi_app/routes/jitter.hpp"
#include "fcgi_app/routes/metrics.hpp"
#include "fcgi_app/routes/rate_limits.hpp"
#include "fcgi_app/routes/returns.hpp"
#include "fcgi_app/routes/settings.hpp"
#include "fibers/step_gate.hpp"
#include "walls/answer_room.hpp"
#include "walls/hub.hpp"

namespace routes {

struct context {
    struct stored { // what is in the database
        db::sessions& sessions;
        db::posts& posts;
        db::post_groups& posting; // how posts are added
        const db::counter_source& counters;
    };
    struct large_answers { // what holds more than walls::most_in_one_piece takes its turn
        walls::answer_room& room;
        fibers::step_gate& steps;
    };

    const settings& options;
    const http::cors& cors;
    walls::hub& hub;
    stored data;
    large_answers large;
    rate_limits& limits;
    routes::metrics& metrics;
    routes::jitter& jitter;
    routes::returns& returns;
};

} // namespace routes
