// Jobs that wait for a thread, taken fairly: askers take turns, and the jobs of one asker run in
// the order in which they came. So an asker with a thousand jobs delays its own, and those of
// others by one each. Sans-IO; the caller locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <unordered_map>
#include <utility>

namespace fibers {

using asker = std::uint64_t;
// Nobody in particular: takes turns like every other asker, but the limits for one asker do not
// apply.
inline constexpr asker nobody = 0;

struct fair_limits {
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    std::size_t waiting = none;        // jobs, of all
    std::size_t waiting_of_one = none; // asker
    std::size_t running_of_one = none; // at a time; at least 1
};

enum class refusal {
    full,        // `waiting` jobs wait
    one_is_full, // `waiting_of_one` jobs of this asker wait
};

template <class Job>
class fair_queue {
public:
    explicit fair_queue(const fair_limits& l)
        : limits_(l)
    {
    }

    // False: the job was not taken, and `why` says why.
    bool push(asker from, Job job, refusal& why)
    {
        if (waiting_ >= limits_.waiting) {
            why = refusal::full;
            return false;
        }
        lane& of = lanes_[from];
        if (from != nobody && of.jobs.size() >= limits_.waiting_of_one) {
            why = refusal::one_is_full;
            return false; // the lane is not empty, or it would have room
        }
        of.jobs.push_back(std::move(job));
        ++waiting_;
        take_turn(from, of);
        return true;
    }

    bool empty() const { return waiting_ == 0; }
    std::size_t waiting() const { return waiting_; }
    // Is there a job that may run now? False even if jobs wait whose askers have enough running.
    bool ready() const { return !turns_.empty(); }

    // Only if ready(). The job counts as running until done().
    std::pair<asker, Job> pop()
    {
        const asker next = turns_.front();
        turns_.pop_front();
        lane& of = lanes_.find(next)->second;
        of.has_turn = false;
        std::pair<asker, Job> taken(next, std::move(of.jobs.front()));
        of.jobs.pop_front();
        --waiting_;
        ++of.running;
        take_turn(next, of);
        return taken;
    }

    void done(asker whose)
    {
        const auto it = lanes_.find(whose);
        --it->second.running;
        if (it->second.jobs.empty() && it->second.running == 0) {
            lanes_.erase(it);
        } else {
            take_turn(whose, it->second);
        }
    }

private:
    struct lane {
        std::deque<Job> jobs;
        std::size_t running = 0;
        bool has_turn = false; // is in turns_
    };

    void take_turn(asker whose, lane& of)
    {
        const bool may = whose == nobody || of.running < limits_.running_of_one;
        if (!of.has_turn && !of.jobs.empty() && may) {
            of.has_turn = true;
            turns_.push_back(whose);
        }
    }

    const fair_limits limits_;
    std::unordered_map<asker, lane> lanes_; // of those with jobs that wait or run
    std::deque<asker> turns_;               // of those whose first job may run now
    std::size_t waiting_ = 0;
};

} // namespace fibers
