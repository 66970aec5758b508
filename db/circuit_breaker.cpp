#include "db/circuit_breaker.hpp"

#include <algorithm>
#include <cstdint>

namespace db {

using namespace std::chrono_literals;

std::optional<walls::db_error> circuit_breaker::refuse(clock::time_point now)
{
    const std::lock_guard lock(mutex_);
    if (!away_) {
        return std::nullopt;
    }
    if (trying_ || now < next_) {
        return why_;
    }
    trying_ = true;
    return std::nullopt;
}

void circuit_breaker::worked()
{
    const std::lock_guard lock(mutex_);
    away_ = false;
    trying_ = false;
    pause_ = 0ms;
}

void circuit_breaker::failed(clock::time_point now, const walls::db_error& why)
{
    const std::lock_guard lock(mutex_);
    // Several connections may have begun before the first of them failed; that is one failure, not
    // several.
    const bool first = !away_;
    if (first || trying_) {
        pause_ = std::clamp<std::chrono::milliseconds>(pause_ * 2, 100ms, 5000ms);
        // Jitter keeps the servers that lost the same database from coming back in step.
        std::uniform_int_distribution<std::int64_t> spread(pause_.count() / 2, pause_.count());
        next_ = now + std::chrono::milliseconds(spread(random_));
    }
    away_ = true;
    trying_ = false;
    why_ = why;
}

} // namespace db
