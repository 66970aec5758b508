// Collects the cursors of one poll, whatever they were encoded in.
#pragma once

#include "walls/sources.hpp"

#include <string_view>
#include <vector>

namespace http {

class cursors {
public:
    // Both as the client wrote them: decimal digits and nothing else, in range.
    void add(std::string_view wall, std::string_view last);

    // Ascending by wall. Empty if anything was wrong: a number, a wall twice, more than max_walls.
    std::vector<walls::cursor> take();
    bool malformed() const { return malformed_; } // complete after take()

private:
    std::vector<walls::cursor> cursors_;
    bool malformed_ = false;
};

} // namespace http
