#include "fcgi_app/service_status.hpp"

#include "db/names.hpp"

#include <systemd/sd-daemon.h>

namespace pollster {

std::optional<std::string> service_status::due(std::size_t parked, const std::string& database,
                                               fibers::steady_time now)
{
    std::string line =
        "STATUS=polls and streams parked: " + std::to_string(parked) + "; " + database;
    if (!refused_.empty()) {
        line += "; the settings were not reloaded: " + refused_;
    }
    if (line == told_ || (!told_.empty() && now - told_at_ < least_pause)) {
        return std::nullopt;
    }
    told_ = line;
    told_at_ = now;
    return db::shown(line); // PostgreSQL's words are in it
}

// steady_clock is CLOCK_MONOTONIC.
std::string reloading(fibers::steady_time now)
{
    const auto since_boot =
        std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
    return "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(since_boot.count());
}

void notify(const std::string& message)
{
    sd_notify(0, message.c_str());
}

} // namespace pollster
