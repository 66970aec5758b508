#include "db/migrate.hpp"
#include "fcgi_app/routes/handlers.hpp"
#include "fcgi_app/routes/process.hpp"

#include <algorithm>

namespace routes {

answer ping(context&, call&)
{
    return http::response::json(R"({"ack":"huzzah!"})");
}

// The shipped site lets only this machine ask.
answer show_metrics(context& cx, call&)
{
    routes::metrics& m = cx.metrics;
    const auto set = [](prometheus::Gauge& g, auto value) { g.Set(static_cast<double>(value)); };
    const auto hub = cx.hub.count();
    // A part counts on its own; the counter here is raised by the difference.
    const auto raise = [](prometheus::Counter& c, auto value) {
        c.Increment(static_cast<double>(value) - c.Value());
    };
    set(m.parked_gauge, hub.parked);
    set(m.clients_gauge, hub.clients);
    set(m.walls_known_gauge, hub.walls);
    set(m.sessions_known_gauge, hub.sessions);
    set(m.recent_bytes_gauge, hub.recent_bytes);
    set(m.answer_bytes_gauge, cx.large.room.held());
    set(m.answers_waiting_gauge, cx.large.room.waiting());
    raise(m.session_hits, hub.session_hits);
    raise(m.session_misses, hub.session_misses);
    const auto looks = cx.hub.looks();
    raise(m.looks, looks.looks);
    raise(m.look_failures, looks.failed);
    const std::chrono::duration<double> unseen =
        std::chrono::steady_clock::now() - looks.succeeded.value_or(m.started);
    set(m.last_look_age_gauge, unseen.count());
    raise(m.wall_loads, hub.wall_loads);
    raise(m.user_parking, hub.parked_beyond_user_limit);
    const db::counters sql = cx.data.counters.count();
    raise(m.sql_statements, sql.statements);
    raise(m.sql_connects, sql.connects);
    raise(m.sql_failures, sql.failures);
    raise(m.sql_unreadable, sql.unreadable);
    set(m.sql_waiting_gauge, sql.waiting);
    raise(m.sql_given_up, sql.given_up);
    set(m.sign_ins_waiting_gauge, sql.waiting_sign_ins);
    set(m.schema_newer_gauge, std::max(sql.schema - db::schema_version(), 0));
    set(m.posts_under_way_gauge, cx.data.posting.under_way());
    m.times.show(cx.hub.delivery_times(), m.poll_times, cx.data.counters.times());
    const process_state process = read_process();
    raise(m.cpu_seconds, process.cpu_seconds);
    set(m.resident_gauge, process.resident_bytes);
    set(m.virtual_gauge, process.virtual_bytes);
    set(m.open_fds_gauge, process.open_fds);
    set(m.max_fds_gauge, process.max_fds);

    http::response r;
    r.content_type = "text/plain; version=0.0.4";
    r.body = m.text();
    return r;
}

} // namespace routes
