// Who is behind a token and which walls they may see, remembered so that a re-poll costs no
// SQL.
//
// Remembered answers are trusted while the refresher's looks succeed: a look brings every change of
// sessions, memberships and users, by whoever made it. Without looks (nobody connected, database
// away) an answer is trusted for `time_to_live`. A session that has run out meanwhile is asked for
// again: only the database says no. Thread of the event loop only; find() may block
// the calling fiber.
#pragma once

#include "fibers/batcher.hpp"
#include "fibers/timer_wheel.hpp"
#include "walls/sources.hpp"

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace walls {

class access_cache {
public:
    static constexpr auto time_to_live = std::chrono::seconds(1);

    explicit access_cache(access_source& source);

    // Null: unknown, expired or signed out, or empty. `looks_succeed`: refresher::looks_succeed().
    result<identity_ptr> find(const std::string& token, bool looks_succeed,
                              fibers::steady_time now = std::chrono::steady_clock::now());

    // The first of these, in their order, that is good; null: none is. One statement at most,
    // however many are not remembered.
    result<identity_ptr> find_any(std::span<const std::string> tokens, bool looks_succeed,
                                  fibers::steady_time now = std::chrono::steady_clock::now());

    // Whoever has no token (access_source::find_guest()). All guests are this one, however many
    // ask at once.
    result<identity_ptr> find_guest(bool looks_succeed,
                                    fibers::steady_time now = std::chrono::steady_clock::now());

    // Is that still what is known of its token, or of guests? After anything that may have waited.
    // Counts as asked for: a stream asks nothing else, each time that it wakes.
    bool holds(const identity_ptr& identity) const;

    void forget(user_id user);
    // One pass over the cache, however many: the members of a removed wall, say.
    void forget(std::span<const user_id> users);
    // Whoever may see one of these walls.
    void forget_members(std::span<const wall_id> walls);
    void forget(const std::string& token);
    void forget_signed(); // whoever is known by a signed token
    void forget_all();
    // Drops what nobody asked for since the previous sweep, so they are at least two polls apart.
    void sweep();

    std::size_t size() const { return known_.size() + (guest_ ? 1 : 0); }
    std::uint64_t hits() const { return hits_; }
    std::uint64_t misses() const { return misses_; }

private:
    // Takes the same time wherever two tokens of a length differ.
    struct same_secret {
        bool operator()(const std::string& a, const std::string& b) const noexcept;
    };
    struct known {
        identity_ptr identity;
        fibers::steady_time since; // when it was asked for
        mutable bool used = true;  // since the last sweep
    };
    using answer = result<identity_ptr>;
    enum class as_guest : std::uint8_t { all }; // one key

    // Null: not to be trusted any more.
    identity_ptr trusted(known& k, bool looks_succeed, fibers::steady_time now);
    identity_ptr remembered(const std::string& token, bool looks_succeed, fibers::steady_time now);
    std::vector<answer> load(std::span<const std::string> tokens);
    answer load_guest();
    template <class Predicate>
    void forget_if(Predicate gone); // gone(const identity&)

    access_source& source_;
    fibers::batcher<std::string, answer, same_secret> batch_;
    fibers::batcher<as_guest, answer> guests_;
    boost::unordered_flat_map<std::string, known, boost::hash<std::string>, same_secret> known_;
    std::optional<known> guest_;
    std::uint64_t forgotten_ = 0; // counts forget()s: a load that ran across one is not remembered
    std::uint64_t hits_ = 0;
    std::uint64_t misses_ = 0;
};

} // namespace walls
