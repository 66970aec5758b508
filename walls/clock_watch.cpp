#include "walls/clock_watch.hpp"

#include <utility>

namespace walls {

std::optional<std::chrono::milliseconds>
clock_watch::jumped(reading clock, fibers::steady_time sent, fibers::steady_time received)
{
    using std::chrono::milliseconds;
    const auto since_start = [](fibers::steady_time t) {
        return std::chrono::floor<milliseconds>(t.time_since_epoch());
    };
    const range now{clock.time_since_epoch() - since_start(received),
                    clock.time_since_epoch() - since_start(sent)};
    const auto before = std::exchange(ahead_, now);
    if (before && (now.least > before->most + tolerance || now.most < before->least - tolerance)) {
        return (now.least + now.most) / 2 - (before->least + before->most) / 2;
    }
    return std::nullopt;
}

} // namespace walls
