// How an answer to a poll says what is new (docs/PROTOCOL.md, "The poll"): all of it but the
// entries between, which are JSON already. For answers that are built in one piece and for those
// that are sent in parts. Any thread; nothing goes deep, parked fibers have a page of stack.
#pragma once

#include "walls/sources.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace routes {

// A CGI head of 200 for a body of so many bytes.
void append_head(std::string& out, std::string_view cors_lines, std::size_t body_bytes);

// "epoch":… A wall without entries has none yet: it comes with the first.
void append_epoch(std::string& out, const walls::head& h);

// The object of "walls", wall by wall: begin, entries, end; or reset.
class news_json {
public:
    static constexpr std::string_view start = R"({"walls":{)";
    static constexpr std::string_view finish = "}}";
    static constexpr std::string_view finish_with_more = R"(},"more":true})";

    bool any() const { return any_; }
    void begin(std::string& out, walls::wall_id wall);
    static void end(std::string& out, const walls::head& h, bool more);
    void reset(std::string& out, const walls::head& h);

private:
    bool any_ = false;
};

} // namespace routes
