// The routes as the application puts them together, without a socket and without a database: a hub
// with its fibers on a database in memory (tests/walls/hub_fixture.hpp), fakes for what else is
// asked, and real limits and metrics.
#pragma once

#include "fcgi_app/fastcgi/request.hpp"
#include "fcgi_app/http/request.hpp"
#include "fcgi_app/routes/context.hpp"
#include "tests/fcgi_app/routes/fakes.hpp"
#include "tests/walls/hub_fixture.hpp"

#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace routes::testing {

using fibers::testing::let_others_run;
using walls::testing::at;
using walls::testing::somebody;

constexpr std::string_view granted_origin = "https://shop.example";

// Of the session "ann", by bearer; a body is JSON.
http::request by_ann(const std::string& method, const std::string& path,
                     const std::string& body = {});
http::request by_cookie(http::request r); // the same session, as a browser sends it
http::request from(const std::string& origin, http::request r);
// A poll of wall 1, as a form.
http::request poll_after(std::int64_t last, const std::string& session_id = "ann");
// Entry `id` of wall 1, committed at once after what the hub knows.
db::written_entry written(std::int64_t id, bool is_new = true);
const walls::db_error database_is_down{walls::db_error_kind::unavailable, "the disk is on fire"};

struct running_routes {
    // What a test may choose. Nothing is limited, and no clock has a part in anything.
    struct settings {
        routes::settings routes;
        walls::settings hub = walls::testing::running_hub::quiet();
        std::size_t waiting_posts = 100;
        settings() { routes.rates = rate_settings::none(); }
    };

    // User 1 is "ann", member of wall 1.
    walls::testing::running_hub chat;
    fake_posts posts;
    fake_sessions sessions;
    fake_counters counters;
    routes::settings options;
    http::cors cors{{std::string(granted_origin)}};
    routes::metrics measured;
    rate_limits limits;
    routes::jitter jitter{1};
    routes::returns returns;
    db::post_groups posting;
    context cx;
    std::vector<std::unique_ptr<client>> clients;

    explicit running_routes(fibers::reactor& loop, const settings& s = {});
    ~running_routes(); // ends the polls that are parked, and waits for all handlers
    running_routes(const running_routes&) = delete;
    running_routes& operator=(const running_routes&) = delete;

    // A request in a fiber of its own; its handler has returned, or waits for something.
    client& ask(http::request r);
    client& ask(fastcgi::request&& r);       // as the server hands it over
    client& begin(http::request r);          // without letting others run
    client& ask(http::request r, client& c); // of this client
    client& new_client() { return *clients.emplace_back(std::make_unique<client>()); }
    // Asks again and again, until the answer is 429: a limit allows a burst, and a slow machine
    // refills it. The refused one; counted by the limit of this name.
    client& ask_until_429(const http::request& r, const std::string& limit);

    // Other walls than before, and a look has found that.
    void ann_may_see(const std::vector<walls::wall_id>& walls);

    std::size_t parked() const { return chat.parked(); }
    double reached(const std::string& limit) const; // pollster_limits_total
    std::string log() const { return log_.str(); }

private:
    void run(client& c, std::function<void(std::unique_ptr<fastcgi::exchange>)> handler);
    void let_handlers_run();

    int running_ = 0; // handlers
    std::ostringstream log_;
};

// `body` gets a running_routes.
template <class Body>
void with_routes(Body body, const running_routes::settings& s = {})
{
    fibers::testing::in_loop([&](fibers::reactor& loop) {
        running_routes t(loop, s);
        body(t);
    });
}

} // namespace routes::testing
