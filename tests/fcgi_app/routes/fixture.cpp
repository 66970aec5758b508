#include "tests/fcgi_app/routes/fixture.hpp"

#include "fcgi_app/routes/receive.hpp"
#include "fcgi_app/routes/table.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

namespace routes::testing {

http::request by_ann(const std::string& method, const std::string& path, const std::string& body)
{
    http::request r;
    r.method = method;
    r.path = path;
    r.authorization = "Bearer ann";
    r.remote_addr = "192.0.2.1";
    r.host = "chat.example";
    r.body = body;
    r.content_type = body.empty() ? "" : "application/json";
    return r;
}

http::request by_cookie(http::request r)
{
    r.authorization.clear();
    r.cookie = "pollster_session=ann";
    return r;
}

http::request from(const std::string& origin, http::request r)
{
    r.origin = origin;
    return r;
}

http::request poll_after(std::int64_t last, const std::string& session_id)
{
    http::request r = by_ann("POST", "/");
    r.authorization.clear();
    r.content_type = "application/x-www-form-urlencoded";
    r.body = "session_id=" + session_id + "&last_post_id[1]=" + std::to_string(last);
    return r;
}

db::written_entry written(std::int64_t id, bool is_new)
{
    db::written_entry e;
    e.entry = walls::testing::post(id);
    e.is_new = is_new;
    e.epoch = walls::wall_epoch{1};
    e.access_changed = false;
    return e;
}

running_routes::running_routes(fibers::reactor& loop, const settings& s)
    : chat(loop, s.hub)
    , options(s.routes)
    , limits(options.rates, measured)
    , returns(options.returns_per_second)
    , posting(posts, 2, s.waiting_posts)
    , cx{options,
         cors,
         *chat.h,
         {sessions, posts, posting, counters},
         {chat.room, chat.steps},
         limits,
         measured,
         jitter,
         returns}
{
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(log_);
    auto logger = std::make_shared<spdlog::logger>("", std::move(sink));
    logger->set_level(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
}

running_routes::~running_routes()
{
    for (int i = 0; i < 20 && chat.h->count().clients > 0; ++i) {
        chat.h->drain();
        let_others_run();
    }
    while (running_ > 0) {
        boost::this_fiber::sleep_for(std::chrono::milliseconds(1));
    }
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(""));
}

void running_routes::run(client& c, std::function<void(std::unique_ptr<fastcgi::exchange>)> handler)
{
    ++running_;
    chat.h->run_request([this, &c, handler = std::move(handler)] {
        handler(std::make_unique<noting_exchange>(c));
        --running_;
    });
}

// What a test does while the database works takes turns of its own.
void running_routes::let_handlers_run()
{
    for (int i = 0; i < 10 && running_ > 0; ++i) {
        let_others_run();
    }
    let_others_run();
}

client& running_routes::begin(http::request r)
{
    client& c = new_client();
    run(c, [this, r = std::move(r)](auto peer) { dispatch(cx, {r, std::move(peer), 0, 0, 17}); });
    return c;
}

client& running_routes::ask(http::request r)
{
    client& c = begin(std::move(r));
    let_handlers_run();
    return c;
}

client& running_routes::ask(http::request r, client& c)
{
    run(c, [this, r = std::move(r)](auto peer) { dispatch(cx, {r, std::move(peer), 0, 0, 17}); });
    let_handlers_run();
    return c;
}

client& running_routes::ask(fastcgi::request&& r)
{
    client& c = new_client();
    run(c, [this, &r](auto peer) { receive(cx, std::move(r), std::move(peer)); });
    let_handlers_run();
    return c;
}

client& running_routes::ask_until_429(const http::request& r, const std::string& limit)
{
    BOOST_TEST(reached(limit) == 0);
    for (int i = 0; i < 10'000; ++i) {
        client& c = ask(r);
        if (c.status() == 429) {
            BOOST_TEST(reached(limit) == 1);
            BOOST_TEST(std::stoi(c.header("Retry-After")) >= 1);
            return c;
        }
        BOOST_TEST(reached(limit) == 0);
    }
    BOOST_FAIL(limit << " was not reached");
    return new_client();
}

void running_routes::ann_may_see(const std::vector<walls::wall_id>& walls)
{
    chat.db.sessions["ann"] = somebody(1, walls);
    chat.db.access_changed = {walls::user_id{1}};
    chat.look();
}

double running_routes::reached(const std::string& limit) const
{
    const std::string text = measured.text();
    const std::string line = "pollster_limits_total{limit=\"" + limit + "\"} ";
    const auto at = text.find(line);
    BOOST_TEST((at != std::string::npos), limit + " is counted");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size()));
}

} // namespace routes::testing
