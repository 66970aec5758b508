#include "fcgi_app/housekeeping.hpp"

#include <spdlog/spdlog.h>

#include <malloc.h>

#include <algorithm>
#include <mutex>
#include <utility>

namespace pollster {

bool heap_trimming::due(std::size_t parked_polls, std::size_t answer_bytes)
{
    const auto apart = [](std::size_t a, std::size_t b) { return a > b ? a - b : b - a; };
    most_answers_ = std::max(most_answers_, answer_bytes);
    if (most_answers_ >= worth_it_bytes && answer_bytes < most_answers_ / 4) {
        most_answers_ = answer_bytes;
        return true;
    }
    const std::size_t before = std::exchange(parked_before_, parked_polls);
    const std::size_t most = std::max(parked_polls, parked_at_trim_);
    if (most >= worth_it_polls && apart(parked_polls, parked_at_trim_) > most / 8 &&
        apart(parked_polls, before) <= most / 50) {
        parked_at_trim_ = parked_polls;
        return true;
    }
    return false;
}

housekeeping::housekeeping(const parts& with, std::chrono::milliseconds sweep_every)
    : parts_(with)
    , sweep_every_(sweep_every)
{
}

void housekeeping::start()
{
    second_fiber_ = boost::fibers::fiber([this] { each_second(); });
    sweep_fiber_ = boost::fibers::fiber([this] { sweep_and_clean_up(); });
}

void housekeeping::stop()
{
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_up_.notify_all();
    second_fiber_.join();
    sweep_fiber_.join();
}

bool housekeeping::time_is_certain(fibers::steady_time now) const
{
    return !clock_set_ || now - *clock_set_ > std::chrono::hours(24);
}

bool housekeeping::stopped_within(std::chrono::milliseconds time)
{
    std::unique_lock lock(mutex_);
    return wake_up_.wait_for(lock, time, [this] { return stopping_; });
}

void housekeeping::each_second()
{
    do {
        parts_.request_stacks.trim(64);
        parts_.hub.every_second(std::chrono::steady_clock::now());
        if (heap_.due(parts_.hub.count().parked, parts_.room.held())) {
            malloc_trim(0);
        }
        notify("WATCHDOG=1");
        if (const auto line =
                parts_.status.due(parts_.hub.count().parked, parts_.database.sentence(),
                                  std::chrono::steady_clock::now())) {
            notify(*line);
        }
    } while (!stopped_within(std::chrono::seconds(1)));
}

// Once an hour, and only if anybody is connected, old keys and sessions go from the database.
void housekeeping::sweep_and_clean_up()
{
    const auto sweeps_a_clean_up = sweeps_an_hour(sweep_every_);
    for (std::int64_t sweep = 1; !stopped_within(sweep_every_); ++sweep) {
        parts_.hub.sweep();
        if (sweep % sweeps_a_clean_up == 0 && parts_.hub.count().clients > 0 &&
            time_is_certain(std::chrono::steady_clock::now())) {
            if (const auto cleaned = parts_.posts.clean_up(); !cleaned) {
                spdlog::warn("old keys and sessions were not removed: {}", cleaned.error().why);
            }
        }
    }
}

} // namespace pollster
