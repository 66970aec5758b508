#include "walls/answer_room.hpp"

#include <algorithm>
#include <cassert>

namespace walls {

answer_room::~answer_room()
{
    assert(held_ == 0 && waiting_ == 0);
}

answer_room::share answer_room::take(user_id user, std::size_t bytes, patience p)
{
    share mine;
    if (stopped_) {
        return mine;
    }
    auto& place = accounts_[user];
    if (!place) {
        place = std::make_unique<account>();
    }
    account& a = *place;
    if (waiting_ == 0 && fits(a, bytes) && fits(bytes)) {
        a.held += bytes;
        held_ += bytes;
    } else if (drained_ && p == patience::until_drained) {
        if (a.held == 0 && a.waiting.empty()) {
            accounts_.erase(user);
        }
        return mine;
    } else {
        waiter here;
        here.bytes = bytes;
        here.how_long = p;
        if (a.waiting.empty()) {
            turns_.push_back(user);
        }
        a.waiting.push_back(&here);
        ++waiting_;
        serve(); // those who wait may do so for their own users' sake
        if (!here.granted) {
            on_wait();
            here.turn.sleep();
        }
        if (!here.granted) {
            return mine;
        }
    }
    mine.room_ = this;
    mine.user_ = user;
    mine.bytes_ = bytes;
    return mine;
}

// Users in turn, as long as the next one fits. Who does not fit for all the others' sake is not
// overtaken, or a large answer would never come; who does not fit for his own sake is.
void answer_room::serve()
{
    std::size_t passed = 0;
    while (passed < turns_.size()) {
        const user_id user = turns_.front();
        account& a = *accounts_.at(user);
        waiter& first = *a.waiting.front();
        if (!fits(a, first.bytes)) {
            turns_.pop_front();
            turns_.push_back(user);
            ++passed;
            continue;
        }
        if (!fits(first.bytes)) {
            return;
        }
        a.held += first.bytes;
        held_ += first.bytes;
        a.waiting.pop_front();
        --waiting_;
        turns_.pop_front();
        if (!a.waiting.empty()) {
            turns_.push_back(user);
        }
        passed = 0;
        first.granted = true;
        first.turn.wake();
    }
}

void answer_room::give_back(user_id user, std::size_t bytes)
{
    const auto it = accounts_.find(user);
    it->second->held -= bytes;
    held_ -= bytes;
    if (it->second->held == 0 && it->second->waiting.empty()) {
        accounts_.erase(it);
    }
    serve();
}

void answer_room::remove(std::size_t bytes)
{
    unasked_ -= bytes;
    serve();
}

void answer_room::change(std::size_t most)
{
    most_ = most;
    serve();
}

void answer_room::drain()
{
    if (std::exchange(drained_, true)) {
        return;
    }
    std::erase_if(turns_, [this](user_id user) {
        const auto it = accounts_.find(user);
        account& a = *it->second;
        std::erase_if(a.waiting, [this](waiter* w) {
            if (w->how_long != patience::until_drained) {
                return false;
            }
            --waiting_;
            w->turn.wake();
            return true;
        });
        const bool none_left = a.waiting.empty();
        if (none_left && a.held == 0) {
            accounts_.erase(it);
        }
        return none_left;
    });
    serve();
}

void answer_room::stop()
{
    stopped_ = true;
    for (const user_id user : std::exchange(turns_, {})) {
        const auto it = accounts_.find(user);
        for (waiter* w : std::exchange(it->second->waiting, {})) {
            --waiting_;
            w->turn.wake();
        }
        if (it->second->held == 0) {
            accounts_.erase(it);
        }
    }
}

void answer_room::share::keep(std::size_t bytes)
{
    if (room_ != nullptr && bytes < bytes_) {
        room_->give_back(user_, std::exchange(bytes_, bytes) - bytes);
    }
}

void answer_room::share::release()
{
    if (auto* room = std::exchange(room_, nullptr)) {
        room->give_back(user_, std::exchange(bytes_, 0));
    }
}

} // namespace walls
