// What systemd is told of this process (sd_notify(3)): the line that `systemctl status` shows, and
// the begin of a reload. Pure, except notify(); thread of the event loop only.
#pragma once

#include "fibers/timer_wheel.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pollster {

class service_status {
public:
    static constexpr std::chrono::seconds least_pause{3};

    // "STATUS=…" if there is something else to say than last time, and that was least_pause ago.
    std::optional<std::string> due(std::size_t parked, const std::string& database,
                                   fibers::steady_time now);
    // Why the settings of the last reload were refused; empty: they were taken.
    void reloaded(std::string refused) { refused_ = std::move(refused); }

private:
    std::string refused_;
    std::string told_;
    fibers::steady_time told_at_{};
};

// "RELOADING=1" with the time that Type=notify-reload asks for; READY=1 ends it.
std::string reloading(fibers::steady_time now);

void notify(const std::string& message); // nothing happens without systemd

} // namespace pollster
