// Everything between the sockets and the database, in the order in which it is built: the one place
// that puts the parts together, for the program (app.cpp) and for tests on a database in memory.
// Thread of the event loop only.
#pragma once

#include "db/feed.hpp"
#include "db/post_groups.hpp"
#include "db/posts.hpp"
#include "db/sessions.hpp"
#include "fcgi_app/adapters/releases.hpp"
#include "fcgi_app/answer_budget.hpp"
#include "fcgi_app/config/config.hpp"
#include "fcgi_app/fastcgi/server.hpp"
#include "fcgi_app/http/cors.hpp"
#include "fcgi_app/routes/context.hpp"
#include "fcgi_app/server_observer.hpp"
#include "fcgi_app/signed_access.hpp"
#include "fibers/reactor.hpp"
#include "fibers/stacks.hpp"
#include "fibers/step_gate.hpp"
#include "walls/answer_room.hpp"
#include "walls/hub.hpp"

#include <boost/fiber/fiber.hpp>

namespace pollster {

class application {
public:
    struct database {
        db::feed& feed;
        db::sessions& sessions;
        db::posts& posts;
        const db::counter_source& counters;
    };
    // `loop` and `stored` outlive it. `c` is as derive() leaves it, `tokens` what it leads to.
    application(fibers::reactor& loop, const config& c, const database& stored,
                signed_tokens::rules tokens = {});
    application(const application&) = delete;
    application& operator=(const application&) = delete;

    void start(); // its fibers: the hub's, the releases' and the server's timers
    // `at_stop`: what becomes of those who connect while answer_all() runs.
    [[nodiscard]] bool listen(int socket, fastcgi::newcomers at_stop)
    {
        return server_.listen(socket, at_stop);
    }

    // The settings that can change while it runs (option::reloadable), from now on.
    void change(const config& c, signed_tokens::rules tokens = {});

    // Answers what is parked and what is in flight, until `deadline`. False: a request still runs
    // on a stack of this object, which must not be destroyed.
    bool answer_all(fibers::steady_time deadline);
    // Ends the fibers. After answer_all().
    void stop();

    walls::hub& hub() { return hub_; }
    const walls::hub& hub() const { return hub_; }
    db::post_groups& posting() { return posting_; }
    routes::metrics& metrics() { return metrics_; }
    const walls::answer_room& room() const { return room_; }
    fibers::stack_pool& request_stacks() { return request_stacks_; }
    std::size_t connections() const { return server_.connections(); }

private:
    config config_; // the parts below refer to it, or have been told
    http::cors cors_;
    fibers::stack_pool request_stacks_;
    routes::metrics metrics_;
    routes::jitter jitter_;
    routes::returns returns_;
    routes::rate_limits rate_limits_;
    walls::answer_room room_;
    fibers::step_gate steps_;
    signed_access access_;
    walls::hub hub_;
    db::post_groups posting_;
    routes::context context_;
    adapters::releases releases_;
    server_observer observer_;
    answer_budget unsent_{room_};
    fastcgi::server server_;
    boost::fibers::fiber server_timers_;
    boost::fibers::fiber releasing_;
};

} // namespace pollster
