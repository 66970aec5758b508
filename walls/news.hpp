// What is new for a client, as far as it is in memory and one send holds it: JSON in one piece.
// Thread of the event loop only; nothing goes deep: parked fibers have a page of stack.
#pragma once

#include "walls/news_json.hpp"
#include "walls/recent_entries.hpp"

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace walls {

class news {
public:
    void entries(const head& h, const recent_entries::slice& recent);
    void reset(const head& h);

    bool any() const { return json_.any(); }
    std::size_t bytes() const { return text_.size(); }
    // Where the client stands once it has this: one cursor for each wall that is in it.
    std::span<const cursor> reached() const { return reached_; }
    // When the oldest of the entries was committed; max: not known, or none is in it.
    fibers::steady_time committed() const { return committed_; }
    // The last word: all of the JSON. Lives as long as this.
    std::string_view finish() { return text_ += news_json::finish; }

private:
    std::string text_{news_json::start};
    news_json json_;
    boost::container::small_vector<cursor, 4> reached_;
    fibers::steady_time committed_ = fibers::steady_time::max();
};

} // namespace walls
