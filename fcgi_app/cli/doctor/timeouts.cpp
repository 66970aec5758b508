// Times that must fit together (docs/OPERATIONS.md has the table).
#include "fcgi_app/cli/doctor/nginx_checks.hpp"

namespace pollster::doctor {

namespace {

std::string number_of(std::chrono::milliseconds t)
{
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(t).count());
}

std::string seconds(std::chrono::milliseconds t)
{
    return number_of(t) + " s";
}

} // namespace

void check_timeouts(const nginx_view& nginx, const facts& f, std::vector<finding>& found)
{
    using namespace std::chrono_literals;
    for (const auto& h : nginx.handovers) {
        const auto* read = h.in_force("fastcgi_read_timeout");
        const auto waits = read == nullptr ? 60s : time_of(read->argument(1)).value_or(60s);
        if (waits <= f.poll_time) {
            found.push_back(
                {"read-timeout",
                 (read == nullptr ? h.pass->place() + ": fastcgi_read_timeout is nginx's default, "
                                  : read->place() + ": fastcgi_read_timeout is ") +
                     seconds(waits) + ", but a poll is parked for up to " + seconds(f.poll_time) +
                     " (poll_seconds): polls without news end with 504",
                 "fastcgi_read_timeout " + number_of(f.poll_time + 15s) + "s;"});
        }
        const auto* kept = h.in_force("keepalive_timeout");
        if (const auto time = kept == nullptr ? std::nullopt : time_of(kept->argument(1));
            time && *time <= 2s) {
            found.push_back({"keepalive-timeout",
                             kept->place() + ": keepalive_timeout is " + seconds(*time) +
                                 ", so each poll of a browser needs a new connection (and TLS "
                                 "handshake)",
                             "keepalive_timeout 75s;"});
        }
    }
}

} // namespace pollster::doctor
