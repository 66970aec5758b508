// Draws that keep apart what would otherwise come together: the ends of polls, the returns of
// clients that were refused. Not for secrets. Fibers of the event loop only.
#pragma once

#include <chrono>
#include <random>

namespace routes {

class jitter {
public:
    explicit jitter(unsigned seed)
        : random_(seed)
    {
    }

    std::chrono::milliseconds up_to(std::chrono::milliseconds most) // 0 to `most`
    {
        return std::chrono::milliseconds(random_() %
                                         (static_cast<unsigned long>(most.count()) + 1));
    }
    std::chrono::seconds some_seconds()
    {
        return std::chrono::seconds(1 + random_() % 3);
    } // 1 to 3

private:
    std::minstd_rand random_;
};

} // namespace routes
