// What the server counts, in Prometheus' terms. Counters may be raised from any thread. The gauges,
// and the counters of what its parts count themselves, are brought up to date in the thread of the
// event loop just before they are written out (show_metrics()), and so are the histograms.
#pragma once

#include "fcgi_app/routes/histograms.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <chrono>
#include <string>

namespace routes {

class metrics {
public:
    metrics();

    const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

    std::string text() const; // the Prometheus text format

    prometheus::Counter& counter(const std::string& name, const std::string& help,
                                 const prometheus::Labels& labels = {});
    prometheus::Gauge& gauge(const std::string& name, const std::string& help,
                             const prometheus::Labels& labels = {});

private:
    prometheus::Registry registry_; // before the members below: they live in it

public:
    histograms times;
    durations::histogram poll_times;          // of those that were answered
    prometheus::Counter& requests;            // delivered by the codec
    prometheus::Counter& polls_news;          // answered with entries
    prometheus::Counter& polls_empty;         // answered because their time was up
    prometheus::Counter& polls_gone;          // ended because the peer left or aborted
    prometheus::Counter& polls_refused;       // 400, 429, 500, 503
    prometheus::Counter& streams_time_up;     // ended because their time was up, or at a stop
    prometheus::Counter& streams_gone;        // ended because the client left
    prometheus::Counter& streams_refused;     // not begun, or ended: session, walls, database
    prometheus::Counter& stream_events;       // with entries
    prometheus::Counter& parks_news;          // of applications, back to them
    prometheus::Counter& parks_reset;         // a wall begins anew
    prometheus::Counter& parks_gone;          // a wall has no entry any more
    prometheus::Counter& parks_nothing;       // their time was up
    prometheus::Counter& parks_again;         // a stop, max_parked
    prometheus::Counter& parks_unknown;       // the database is away; a bug
    prometheus::Counter& parks_left;          // ended because the client left
    prometheus::Counter& parks_refused;       // answered 500: not understood
    prometheus::Counter& posts;               // committed
    prometheus::Counter& changes;             // edits and deletions committed
    prometheus::Counter& database_refusals;   // requests answered 503 because of the database
    prometheus::Counter& failures;            // requests answered 500: bugs
    prometheus::Counter& connections;         // accepted
    prometheus::Counter& refused_connections; // beyond max_connections
    prometheus::Counter& overloaded_requests; // beyond max_requests_per_connection
    prometheus::Counter& broken_connections;  // the peer broke the FastCGI protocol
    prometheus::Counter& too_large_params;    // beyond max_params_bytes
    prometheus::Counter& too_large_bodies;    // beyond max_body_bytes
    prometheus::Counter& too_slow_requests;   // silent for receive_timeout_seconds
    prometheus::Counter& too_slow_readers;    // did not read within send_timeout_seconds
    prometheus::Counter& refused_parking;     // beyond max_parked
    prometheus::Counter& refused_guests;      // beyond max_parked_guests
    prometheus::Counter& waiting_sign_ins;    // answered 503, too many passwords wait
    prometheus::Counter& waiting_of_user;     // answered 429, too much of one user waits
    prometheus::Counter& user_parking;        // answered early, beyond max_parked_per_user
    prometheus::Counter& waiting_jobs;        // answered 503, too many database calls wait
    prometheus::Counter& sessions_ended;      // by a sign-in, beyond max_sessions_per_user
    prometheus::Counter& queue_waits;         // for a slow peer to read, max_queued_bytes
    prometheus::Counter& answer_waits;        // for room, max_answer_bytes
    prometheus::Counter& delayed_releases;    // park_releases_per_second
    prometheus::Counter& database_clock_set;  // by more than walls::clock_watch::tolerance
    prometheus::Counter& host_clock_set;
    prometheus::Gauge& connected_gauge;
    prometheus::Gauge& parked_gauge;
    prometheus::Gauge& streams_gauge;
    prometheus::Gauge& parks_gauge;
    prometheus::Gauge& releases_waiting_gauge;
    prometheus::Gauge& clients_gauge;
    prometheus::Gauge& walls_known_gauge;
    prometheus::Gauge& sessions_known_gauge;
    prometheus::Gauge& recent_bytes_gauge;
    prometheus::Gauge& answer_bytes_gauge;
    prometheus::Gauge& answers_waiting_gauge;
    prometheus::Counter& session_hits;
    prometheus::Counter& session_misses;
    prometheus::Counter& looks; // that succeeded
    prometheus::Counter& look_failures;
    prometheus::Gauge& last_look_age_gauge;
    prometheus::Counter& wall_loads;
    prometheus::Counter& sql_statements;
    prometheus::Counter& sql_connects;
    prometheus::Counter& sql_failures;
    prometheus::Counter& sql_unreadable;
    prometheus::Gauge& sql_waiting_gauge;
    prometheus::Counter& sql_given_up;
    prometheus::Gauge& sign_ins_waiting_gauge;
    prometheus::Gauge& schema_newer_gauge;
    prometheus::Gauge& posts_under_way_gauge;
    prometheus::Gauge& build_info_gauge; // always 1
    prometheus::Counter& cpu_seconds;
    prometheus::Gauge& resident_gauge;
    prometheus::Gauge& virtual_gauge;
    prometheus::Gauge& open_fds_gauge;
    prometheus::Gauge& max_fds_gauge;
    prometheus::Gauge& start_time_gauge;
};

} // namespace routes
