// When clients come back to a server that has stopped or was lost: so many a second. All at once
// they would be more than a backlog holds, and all their sessions and TLS handshakes would come in
// one second. Fibers of the event loop only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace routes {

class returns {
public:
    explicit returns(std::size_t clients_per_second)
        : per_second_(clients_per_second)
    {
    }

    void change(std::size_t clients_per_second) { per_second_ = clients_per_second; }

    // How long the next of those whose parked polls end with the server is to wait: they come one
    // after the other, 100,000 within 20 s.
    std::chrono::milliseconds next() { return time_of(told_++); }
    // In which time so many are to come back if the server is lost without a word. None: the two
    // seconds that clients take by themselves are enough.
    std::optional<std::chrono::milliseconds> spread_of(std::size_t clients) const
    {
        const auto needed = time_of(clients);
        return needed > std::chrono::seconds(2) ? std::optional(needed) : std::nullopt;
    }

private:
    std::chrono::milliseconds time_of(std::size_t clients) const
    {
        return std::chrono::milliseconds(std::uint64_t{1'000} * clients / per_second_);
    }

    std::size_t per_second_;
    std::size_t told_ = 0;
};

} // namespace routes
