// The answer to a poll that is further behind than one send holds: pages of entries, whose text it
// shares with other answers, and what stands between them. Fibers of the event loop only.
#pragma once

#include "fcgi_app/routes/news_json.hpp"
#include "walls/backlog.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace routes {

class large_news {
public:
    void entries(const walls::head& h, walls::page_ptr page);
    void reset(const walls::head& h);
    // Other walls have news, too, for which there was no room.
    void left_out() { more_ = true; }

    // The last word. head(), and what parts() returns of the body, live as long as this.
    void finish(std::string_view cors_lines);
    std::size_t bytes() const { return bytes_; } // of head and body
    std::string_view head() const { return head_; }
    std::vector<std::string_view> parts() const; // of the body

private:
    struct wall_news {
        std::string before; // what stands before the page
        walls::page_ptr page;
    };

    std::vector<wall_news> walls_;
    news_json walls_json_;
    std::string end_{news_json::start}; // of what was added last; then what follows it
    bool more_ = false;
    std::string head_;
    std::size_t bytes_ = 0;
};

} // namespace routes
