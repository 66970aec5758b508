#include "fcgi_app/routes/metrics.hpp"

#include <prometheus/text_serializer.h>

namespace routes {

prometheus::Counter& metrics::counter(const std::string& name, const std::string& help,
                                      const prometheus::Labels& labels)
{
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
}

prometheus::Gauge& metrics::gauge(const std::string& name, const std::string& help,
                                  const prometheus::Labels& labels)
{
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels);
}

namespace {
const std::string polls = "pollster_polls_total";
const std::string polls_help = "Polls that ended, by outcome.";
const std::string streams = "pollster_streams_total";
const std::string streams_help = "Streams that ended, by outcome.";
const std::string parks = "pollster_parks_total";
const std::string parks_help = "Requests that applications parked, by how they ended.";
const std::string limits = "pollster_limits_total";
const std::string limits_help = "Times a limit was reached, by limit.";
const std::string clocks = "pollster_clock_set_total";
const std::string clocks_help = "Times a clock was set by more than two seconds, by whose it is.";
} // namespace

metrics::metrics()
    : times(registry_)
    , requests(counter("pollster_requests_total", "Requests received completely."))
    , polls_news(counter(polls, polls_help, {{"outcome", "news"}}))
    , polls_empty(counter(polls, polls_help, {{"outcome", "empty"}}))
    , polls_gone(counter(polls, polls_help, {{"outcome", "gone"}}))
    , polls_refused(counter(polls, polls_help, {{"outcome", "refused"}}))
    , streams_time_up(counter(streams, streams_help, {{"outcome", "time_up"}}))
    , streams_gone(counter(streams, streams_help, {{"outcome", "gone"}}))
    , streams_refused(counter(streams, streams_help, {{"outcome", "refused"}}))
    , stream_events(counter("pollster_stream_events_total", "Events with entries, of all streams."))
    , parks_news(counter(parks, parks_help, {{"outcome", "news"}}))
    , parks_reset(counter(parks, parks_help, {{"outcome", "reset"}}))
    , parks_gone(counter(parks, parks_help, {{"outcome", "gone"}}))
    , parks_nothing(counter(parks, parks_help, {{"outcome", "nothing"}}))
    , parks_again(counter(parks, parks_help, {{"outcome", "again"}}))
    , parks_unknown(counter(parks, parks_help, {{"outcome", "unknown"}}))
    , parks_left(counter(parks, parks_help, {{"outcome", "left"}}))
    , parks_refused(counter(parks, parks_help, {{"outcome", "refused"}}))
    , posts(counter("pollster_posts_total", "Posts committed through this process."))
    , changes(
          counter("pollster_changes_total", "Edits and deletions committed through this process."))
    , database_refusals(counter("pollster_database_refusals_total",
                                "Requests answered 503 because of the database."))
    , failures(counter("pollster_failures_total", "Requests answered 500: bugs, see the log."))
    , connections(counter("pollster_connections_total", "Connections accepted."))
    , refused_connections(counter(limits, limits_help, {{"limit", "max_connections"}}))
    , overloaded_requests(counter(limits, limits_help, {{"limit", "max_requests_per_connection"}}))
    , broken_connections(counter("pollster_broken_connections_total",
                                 "Connections dropped because the peer broke the protocol."))
    , too_large_params(counter(limits, limits_help, {{"limit", "max_params_bytes"}}))
    , too_large_bodies(counter(limits, limits_help, {{"limit", "max_body_bytes"}}))
    , too_slow_requests(counter(limits, limits_help, {{"limit", "receive_timeout_seconds"}}))
    , too_slow_readers(counter(limits, limits_help, {{"limit", "send_timeout_seconds"}}))
    , refused_parking(counter(limits, limits_help, {{"limit", "max_parked"}}))
    , refused_guests(counter(limits, limits_help, {{"limit", "max_parked_guests"}}))
    , waiting_sign_ins(counter(limits, limits_help, {{"limit", "waiting_sign_ins"}}))
    , waiting_of_user(counter(limits, limits_help, {{"limit", "database_waiting_jobs_per_user"}}))
    , user_parking(counter(limits, limits_help, {{"limit", "max_parked_per_user"}}))
    , waiting_jobs(counter(limits, limits_help, {{"limit", "database_waiting_jobs"}}))
    , sessions_ended(counter(limits, limits_help, {{"limit", "max_sessions_per_user"}}))
    , queue_waits(counter(limits, limits_help, {{"limit", "max_queued_bytes"}}))
    , answer_waits(counter(limits, limits_help, {{"limit", "max_answer_bytes"}}))
    , delayed_releases(counter(limits, limits_help, {{"limit", "park_releases_per_second"}}))
    , database_clock_set(counter(clocks, clocks_help, {{"clock", "database"}}))
    , host_clock_set(counter(clocks, clocks_help, {{"clock", "host"}}))
    , connected_gauge(gauge("pollster_connections", "Connections open now."))
    , parked_gauge(
          gauge("pollster_parked_polls", "Polls, streams and requests of applications parked now."))
    , streams_gauge(gauge("pollster_streams", "Streams open now."))
    , parks_gauge(gauge("pollster_parks", "Requests that applications have parked now."))
    , releases_waiting_gauge(
          gauge("pollster_releases_waiting", "Of those: that wait for their turn to go back now."))
    , clients_gauge(gauge("pollster_clients",
                          "Polls, streams and requests of applications being compared, parked or "
                          "answered now."))
    , walls_known_gauge(gauge("pollster_global_hash_walls", "Walls in the global hash."))
    , sessions_known_gauge(gauge("pollster_cached_sessions", "Sessions in the access cache."))
    , recent_bytes_gauge(gauge("pollster_recent_bytes", "Bytes of recent entries held."))
    , answer_bytes_gauge(gauge("pollster_answer_bytes",
                               "Bytes of answers held: being read, kept for others, being sent."))
    , answers_waiting_gauge(
          gauge("pollster_answers_waiting", "Answers waiting for room (max_answer_bytes) now."))
    , session_hits(counter("pollster_session_hits_total", "Session look-ups that cost no SQL."))
    , session_misses(
          counter("pollster_session_misses_total", "Session look-ups that asked the database."))
    , looks(counter("pollster_looks_total", "Looks at the database that succeeded."))
    , look_failures(counter("pollster_look_failures_total", "Looks at the database that failed."))
    , last_look_age_gauge(gauge("pollster_last_look_age_seconds",
                                "Age of the last look that succeeded; since the start, if none "
                                "has. Rises while nobody is connected."))
    , wall_loads(counter("pollster_wall_loads_total", "Walls whose new entries were read."))
    , sql_statements(counter("pollster_sql_statements_total", "SQL statements sent."))
    , sql_connects(counter("pollster_sql_connects_total", "Database connections opened."))
    , sql_failures(counter("pollster_sql_failures_total", "Database calls that failed."))
    , sql_unreadable(counter("pollster_sql_unreadable_total",
                             "SQL statements sent a second time because a row behind "
                             "a view cannot be read."))
    , sql_waiting_gauge(
          gauge("pollster_sql_waiting", "Database calls waiting for a connection now."))
    , sql_given_up(counter("pollster_sql_given_up_total",
                           "Database connections that did not answer in time."))
    , sign_ins_waiting_gauge(
          gauge("pollster_sign_ins_waiting", "Sign-ins waiting for their password's check now."))
    , schema_newer_gauge(
          gauge("pollster_schema_newer",
                "Versions that the database's schema is newer than this program, as last asked."))
    , posts_under_way_gauge(
          gauge("pollster_posts_under_way", "Posts waiting for their commit now."))
    , build_info_gauge(gauge("pollster_build_info", "1; the version is a label.",
                             {{"version", POLLSTER_VERSION}}))
    , cpu_seconds(counter("process_cpu_seconds_total", "Seconds of CPU, user and system."))
    , resident_gauge(gauge("process_resident_memory_bytes", "Memory that is in RAM."))
    , virtual_gauge(gauge("process_virtual_memory_bytes", "Address space in use."))
    , open_fds_gauge(gauge("process_open_fds", "Descriptors open now."))
    , max_fds_gauge(gauge("process_max_fds", "Descriptors that may be open."))
    , start_time_gauge(gauge("process_start_time_seconds", "When the process started, Unix time."))
{
    build_info_gauge.Set(1);
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    start_time_gauge.Set(now.count());
}

std::string metrics::text() const
{
    return prometheus::TextSerializer().Serialize(registry_.Collect());
}

} // namespace routes
