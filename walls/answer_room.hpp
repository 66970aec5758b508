// Room for answers: what all answers in memory may hold together, from the moment before they are
// read until the last byte has been taken by the peer. Whoever finds no room waits before it reads,
// so a flood of readers costs time, not memory. Thread of the event loop only; take() blocks the
// calling fiber.
//
// One user's answers may hold a quarter, so that neither many nor slow ones of his keep the others
// out; users take turns, and those who wait for one user are served in their order. Whoever asks
// for more than there is gets it when nobody else has any: everybody makes progress.
//
// A fiber takes one share at a time and waits for nothing with a share that waits for room itself.
#pragma once

#include "fibers/sleeper.hpp"
#include "walls/ids.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

namespace walls {

class answer_room {
public:
    // `most`: bytes.
    explicit answer_room(std::size_t most)
        : most_(most)
    {
    }
    ~answer_room();
    answer_room(const answer_room&) = delete;
    answer_room& operator=(const answer_room&) = delete;

    // Part of the room; given back by the destructor. The room outlives it.
    class share {
    public:
        share() = default; // none
        share(share&& from) noexcept
            : room_(std::exchange(from.room_, nullptr))
            , user_(from.user_)
            , bytes_(std::exchange(from.bytes_, 0))
        {
        }
        share& operator=(share&& from) noexcept
        {
            std::swap(room_, from.room_);
            std::swap(user_, from.user_);
            std::swap(bytes_, from.bytes_);
            return *this;
        }
        ~share() { release(); }

        explicit operator bool() const { return room_ != nullptr; }
        std::size_t bytes() const { return bytes_; }
        void keep(std::size_t bytes); // gives the rest back, once it is known how much is needed
        void release();

    private:
        friend class answer_room;
        answer_room* room_ = nullptr;
        user_id user_{};
        std::size_t bytes_ = 0;
    };

    enum class patience : std::uint8_t {
        until_served,
        until_drained, // a poll's: its client comes back
    };
    // Waits for its turn. None: stop() was called, or drain() for one with so little patience.
    share take(user_id user, std::size_t bytes, patience p = patience::until_served);

    // Bytes that are there without having asked: what a peer has not taken yet of small answers.
    // They wait for nobody, others wait for them.
    void add(std::size_t bytes) { unasked_ += bytes; }
    void remove(std::size_t bytes);

    // From now on. What is held stays, though it may be more than there is room for now.
    void change(std::size_t most);

    // Those with patience::until_drained wait no more: there is room for them at once, or none.
    void drain();
    // Whoever waits, and whoever comes, gets none.
    void stop();

    std::size_t held() const { return held_ + unasked_; }
    bool exceeded() const { return held() > most_; }
    std::size_t waiting() const { return waiting_; } // fibers
    std::function<void()> on_wait = [] {};           // told when somebody begins to wait

private:
    struct waiter {
        std::size_t bytes = 0;
        patience how_long{};
        bool granted = false;
        fibers::sleeper turn;
    };
    struct account { // of one user
        std::size_t held = 0;
        std::deque<waiter*> waiting;
    };

    bool fits(std::size_t bytes) const { return held_ == 0 || held() + bytes <= most_; }
    bool fits(const account& a, std::size_t bytes) const
    {
        return a.held == 0 || a.held + bytes <= most_ / 4;
    }
    void give_back(user_id user, std::size_t bytes);
    void serve();

    std::size_t most_;
    std::size_t held_ = 0;    // of shares
    std::size_t unasked_ = 0; // add()
    std::size_t waiting_ = 0;
    bool drained_ = false;
    bool stopped_ = false;
    boost::unordered_flat_map<user_id, std::unique_ptr<account>> accounts_;
    std::deque<user_id> turns_; // users with somebody waiting, whose turn is next in front
};

} // namespace walls
