// Is a clock set while this program runs? Another machine's, or the time of day of this host,
// against our steady clock. A machine that slept counts: its steady clock did. Any one thread.
#pragma once

#include "fibers/timer_wheel.hpp"

#include <chrono>
#include <optional>

namespace walls {

class clock_watch {
public:
    using reading = std::chrono::sys_time<std::chrono::milliseconds>;
    // Not yet a jump: clocks that nobody sets drift apart by less between two readings.
    static constexpr std::chrono::milliseconds tolerance{2000};

    // `clock` was read at a moment from `sent` to `received`. By how much it has jumped since the
    // reading before (negative: back), or none.
    std::optional<std::chrono::milliseconds> jumped(reading clock, fibers::steady_time sent,
                                                    fibers::steady_time received);

private:
    // How much that clock is ahead of the steady one: between these.
    struct range {
        std::chrono::milliseconds least;
        std::chrono::milliseconds most;
    };
    std::optional<range> ahead_;
};

} // namespace walls
