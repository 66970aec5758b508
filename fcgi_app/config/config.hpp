// Every setting of the server, with its default. The names are those of the option table
// (options.cpp), which says unit, range and meaning of each; load.hpp fills this in. A plain value:
// copy it, read it from any thread.
#pragma once

#include "fcgi_app/fastcgi/listen_address.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace pollster {

enum class secure_cookies {
    automatic,
    on,
    off
}; // automatic: as the request came, over https or not

struct config {
    std::vector<fastcgi::listen_address>
        listen; // empty: see open_listening_sockets() in fcgi_app/sockets.hpp

    std::string database = "dbname=pollster";
    std::string database_read; // empty: the primary answers reads
    std::size_t database_connections = 4;
    std::size_t database_waiting_jobs = 10'000;
    std::size_t database_waiting_jobs_per_user = 100;
    std::chrono::milliseconds statement_timeout_ms{5000};
    bool notify = true;

    std::chrono::seconds poll_seconds{60};
    std::chrono::milliseconds look_ms{500};
    std::chrono::milliseconds refresh_ms{1000};
    std::size_t page_entries = 100;
    std::size_t wall_bytes = 262'144;
    std::size_t answer_bytes = 1'048'576;
    std::size_t history_bytes = 1'048'576;
    std::size_t recent_bytes = 67'108'864;
    std::size_t max_answer_bytes = 134'217'728;
    std::size_t session_days = 30;
    std::size_t max_sessions_per_user = 100;
    std::size_t password_threads = 1;
    std::size_t waiting_sign_ins = 40;
    std::vector<std::string> cors_origins; // "https://shop.example", or the single "*"
    secure_cookies secure_cookie = secure_cookies::automatic;

    // Of one user and one address; 0: no limit. rate_limits off: none of them.
    bool rate_limits = true;
    std::size_t user_polls_per_second = 100;
    std::size_t address_polls_per_second = 20'000;
    std::size_t user_posts_per_second = 20;
    std::size_t address_posts_per_second = 2'000;
    std::size_t user_reads_per_second = 20;
    std::size_t address_reads_per_second = 1'000;
    std::size_t address_sign_ins_per_minute = 60;
    std::size_t address_refusals_per_second = 20;
    std::chrono::seconds sign_in_longest_delay_seconds{300};
    std::size_t max_parked_per_user = 1'000;

    std::size_t max_params_bytes = 65'536;
    std::size_t max_body_bytes =
        524'288; // the longest text is 393,216 when all of it is \\u escapes
    std::size_t max_requests_per_connection = 50'000;
    std::size_t max_connections = 19'000;
    std::size_t max_parked = 1'200'000;
    std::size_t max_queued_bytes = 1'048'576;
    std::chrono::seconds receive_timeout_seconds{30};
    std::chrono::seconds send_timeout_seconds{30};
    std::chrono::seconds stop_timeout_seconds{5};

    std::string log_level = "info";
    std::string log_file;                                    // empty: standard error
    std::string log_format = "%Y-%m-%dT%H:%M:%S.%e%z %l %v"; // spdlog's pattern
};

} // namespace pollster
