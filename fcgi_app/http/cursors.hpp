// Collects the cursors of one poll, however they were encoded.
#pragma once

#include "walls/access_number.hpp"
#include "walls/sources.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace http {

class cursors {
public:
    // Both as the client wrote them; valid are decimal digits and nothing else, in range.
    void add(std::string_view wall, std::string_view last);
    void add_epoch(std::string_view wall, std::string_view epoch);
    // Once at most.
    void set_access(std::string_view access);

    // Ascending by wall. Empty if anything was wrong: a number, a wall named twice, more than
    // max_walls, an epoch for a wall without a cursor.
    std::vector<walls::cursor> take();
    std::optional<walls::access_number> access() const { return access_; }
    bool malformed() const { return malformed_; } // complete after take()
    bool too_large() const { return too_large_; } // a number was out of range; malformed, too

private:
    std::vector<walls::cursor> cursors_;
    std::vector<walls::cursor> epochs_; // of walls, without `last`
    std::optional<walls::access_number> access_;
    bool malformed_ = false;
    bool too_large_ = false;

    std::optional<std::int64_t> number(std::string_view digits, std::int64_t most);
};

} // namespace http
