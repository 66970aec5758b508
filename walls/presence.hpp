// Who is connected. A client is a poll or a stream, from before it is compared with the global hash
// until its last answer is written. Thread of the event loop only.
#pragma once

#include "walls/parked.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace walls {

class presence {
public:
    presence() = default;
    presence(const presence&) = delete;
    presence& operator=(const presence&) = delete;

    // Held by a poll as long as it counts as a client.
    class client {
    public:
        // Until it says answered(), it is one that left, and is not expected back.
        explicit client(presence& p)
            : presence_(&p)
        {
            ++presence_->clients_;
        }
        ~client()
        {
            if (presence_ != nullptr && --presence_->clients_ == 0 && !answered_) {
                ++presence_->idle_periods_;
            }
        }
        client(client&& from) noexcept
            : presence_(std::exchange(from.presence_, nullptr))
            , answered_(from.answered_)
        {
        }
        client& operator=(client&&) = delete;

        void answered() { answered_ = true; }
        void waits_again() { answered_ = false; } // after an answer, for the next one

    private:
        presence* presence_; // null: moved from
        bool answered_ = false;
    };

    std::size_t clients() const { return clients_; }
    // How often the last client left without an answer. One that was answered comes back in a
    // moment: that is none.
    std::uint64_t idle_periods() const { return idle_periods_; }

    void enter(parked& poll); // leaves by itself when it is destroyed, or with leave()
    static void leave(parked& poll);
    // Wakes the parked polls of this user.
    void wake(user_id user, woken why);
    void wake_all(woken why);
    // Ends the oldest parked polls of this user until there are fewer than `most`: how many. Looks
    // at each of the user's polls only if there may be so many.
    std::size_t make_room(user_id user, std::size_t most);
    // Users that it remembers: those with a parked poll, and some who had one.
    std::size_t users() const { return users_.size(); }

private:
    using poll_list = boost::intrusive::list<parked, boost::intrusive::base_hook<user_hook>,
                                             boost::intrusive::constant_time_size<false>>;

    struct user_polls {
        poll_list list;
        std::size_t at_most = 0; // this many are asleep, or fewer: they leave without a word
    };

    void forget_absent();

    std::size_t clients_ = 0;
    std::uint64_t idle_periods_ = 0;
    boost::unordered_flat_map<user_id, std::unique_ptr<user_polls>> users_;
    std::size_t forget_at_ = 1024; // users_ of this size are searched for absent ones
};

} // namespace walls
