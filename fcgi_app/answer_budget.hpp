// What peers have not taken yet counts as answers in memory: the FastCGI server's budget is
// walls::answer_room (max_answer_bytes). Thread of the event loop only.
#pragma once

#include "fcgi_app/fastcgi/budget.hpp"
#include "walls/answer_room.hpp"

namespace pollster {

class answer_budget final : public fastcgi::budget {
public:
    explicit answer_budget(walls::answer_room& room)
        : room_(room)
    {
    }
    void add(std::size_t bytes) override { room_.add(bytes); }
    void remove(std::size_t bytes) override { room_.remove(bytes); }
    bool exceeded() const override { return room_.exceeded(); }
    bool others_wait() const override { return room_.waiting() > 0; }

private:
    walls::answer_room& room_;
};

} // namespace pollster
