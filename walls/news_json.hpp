// How a client is told what is new (docs/PROTOCOL.md, "The poll"): the JSON around the entries,
// which are JSON already. For answers that are built in one piece (news) and for those that are
// sent in parts (large_news). Any thread; nothing goes deep: parked fibers have a page of stack.
#pragma once

#include "walls/sources.hpp"

#include <string>
#include <string_view>

namespace walls {

// "epoch":… A wall without entries has none yet: it comes with the first.
void append_epoch(std::string& out, const head& h);

// The object of "walls", wall by wall: begin, entries, end; or reset.
class news_json {
public:
    static constexpr std::string_view start = R"({"walls":{)";
    static constexpr std::string_view finish = "}}";
    static constexpr std::string_view finish_with_more = R"(},"more":true})";

    bool any() const { return any_; }
    void begin(std::string& out, wall_id wall);
    static void end(std::string& out, const head& h, bool more);
    void reset(std::string& out, const head& h);

private:
    bool any_ = false;
};

} // namespace walls
