#include "db/migrate.hpp"
#include "fcgi_app/routes/handlers.hpp"

#include <algorithm>

namespace routes {

answer ping(services&, call&)
{
    return http::response::json(R"({"ack":"huzzah!"})");
}

// The shipped site lets only this machine ask.
answer show_metrics(services& s, call&)
{
    routes::metrics& m = s.metrics;
    const auto set = [](prometheus::Gauge& g, auto value) { g.Set(static_cast<double>(value)); };
    set(m.parked_gauge, s.parking.parked_now());
    set(m.clients_gauge, s.presence.clients());
    set(m.walls_known_gauge, s.hash.known());
    set(m.sessions_known_gauge, s.access.size());
    set(m.recent_bytes_gauge, s.recent.bytes());
    set(m.answer_bytes_gauge, s.room.held());
    set(m.answers_waiting_gauge, s.room.waiting());
    set(m.session_hits_gauge, s.access.hits());
    set(m.session_misses_gauge, s.access.misses());
    set(m.looks_gauge, s.refresh.looks());
    set(m.wall_loads_gauge, s.refresh.wall_loads());
    const db::counters sql = s.database.count();
    set(m.sql_statements_gauge, sql.statements);
    set(m.sql_connects_gauge, sql.connects);
    set(m.sql_failures_gauge, sql.failures);
    set(m.sql_unreadable_gauge, sql.unreadable);
    set(m.sql_waiting_gauge, sql.waiting);
    set(m.sql_given_up_gauge, sql.given_up);
    set(m.sign_ins_waiting_gauge, sql.waiting_sign_ins);
    set(m.schema_newer_gauge, std::max(sql.schema - db::schema_version(), 0));
    set(m.posts_under_way_gauge, s.posting.under_way());

    http::response r;
    r.content_type = "text/plain; version=0.0.4";
    r.body = m.text();
    return r;
}

} // namespace routes
