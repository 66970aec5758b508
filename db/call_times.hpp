// How long what is asked of the database takes, by name, and how long it waited for a connection,
// by purpose. Any thread: a lock each, which is nothing beside a question to another process.
#pragma once

#include "durations/histogram.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string_view>
#include <utility>

namespace db {

// What is asked; most are one statement, in one job of a pool.
enum class call : unsigned char {
    look,
    entries, // that a look has found
    backlog, // entries for clients that were away
    identities,
    walls,
    history,
    search,
    posts, // a group of them
    change,
    mark_read,
    password,
    sign_in,
    sign_out,
    clean_up,
};
inline constexpr std::array<std::string_view, 14> call_names{
    "look",  "entries", "backlog",   "identities", "walls",   "history",  "search",
    "posts", "change",  "mark_read", "password",   "sign_in", "sign_out", "clean_up"};
static_assert(call_names.size() == static_cast<std::size_t>(call::clean_up) + 1);

// Connections of a pool (db/pools.hpp).
enum class purpose : unsigned char { look, sessions, posts, reads, changes, sign_ins };
inline constexpr std::array<std::string_view, 6> purpose_names{"look",  "sessions", "posts",
                                                               "reads", "changes",  "sign-ins"};

struct call_times {
    std::array<durations::histogram, call_names.size()> taken;
    std::array<durations::histogram, purpose_names.size()> waited;
};

class call_clock {
public:
    using clock = std::chrono::steady_clock;

    void began(purpose over, clock::duration waited)
    {
        const std::lock_guard lock(mutex_);
        times_.waited[static_cast<std::size_t>(over)].add(waited);
    }
    void ended(call what, clock::duration taken)
    {
        const std::lock_guard lock(mutex_);
        times_.taken[static_cast<std::size_t>(what)].add(taken);
    }
    call_times times() const
    {
        const std::lock_guard lock(mutex_);
        return times_;
    }

private:
    mutable std::mutex mutex_;
    call_times times_;
};

} // namespace db
