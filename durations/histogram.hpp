// How long things take: how many durations fell between fixed bounds, and their sum. Plain counters
// without a lock, one thread at a time. What counts is far below what reads it: adding is a search
// among 16 numbers, and Prometheus gets the counters when it asks (fcgi_app/routes/histograms.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace durations {

class histogram {
public:
    // Upper bounds, inclusive. From a statement that finds all it needs in memory to a poll that
    // hears nothing.
    static constexpr std::array bounds_us{
        std::int64_t{250},       std::int64_t{500},       std::int64_t{1'000},
        std::int64_t{2'500},     std::int64_t{5'000},     std::int64_t{10'000},
        std::int64_t{25'000},    std::int64_t{50'000},    std::int64_t{100'000},
        std::int64_t{250'000},   std::int64_t{500'000},   std::int64_t{1'000'000},
        std::int64_t{2'500'000}, std::int64_t{5'000'000}, std::int64_t{10'000'000},
        std::int64_t{60'000'000}};

    void add(std::chrono::steady_clock::duration d)
    {
        using std::chrono::microseconds;
        const auto us = std::max<std::int64_t>(std::chrono::ceil<microseconds>(d).count(), 0);
        const auto* const bound = std::ranges::lower_bound(bounds_us, us);
        ++counts_[static_cast<std::size_t>(bound - bounds_us.begin())];
        sum_us_ += us;
    }

    // Of each bucket alone; the last one has no bound.
    const auto& counts() const { return counts_; }
    double sum_seconds() const { return static_cast<double>(sum_us_) / 1e6; }

private:
    std::array<std::uint64_t, bounds_us.size() + 1> counts_{};
    std::int64_t sum_us_ = 0;
};

} // namespace durations
