// What is new for a client that is further behind than one send holds: pages of entries, whose text
// is shared with other answers, and the JSON between them. Fibers of the event loop only.
#pragma once

#include "walls/backlog.hpp"
#include "walls/news_json.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace walls {

class large_news {
public:
    void entries(const head& h, page_ptr page);
    void reset(const head& h);
    // Other walls have news, too, for which there was no room.
    void left_out() { more_ = true; }
    // The last word. What parts() returns lives as long as this.
    void finish();

    std::size_t bytes() const { return bytes_; }
    std::vector<std::string_view> parts() const;
    // Where the client stands once it has this: one cursor for each wall that is in it.
    std::span<const cursor> reached() const { return reached_; }

private:
    struct wall_news {
        std::string before; // what stands before the page
        page_ptr page;
    };

    std::vector<wall_news> walls_;
    news_json json_;
    std::string end_{news_json::start}; // of what was added last; then what follows it
    bool more_ = false;
    std::size_t bytes_ = 0;
    std::vector<cursor> reached_;
};

} // namespace walls
