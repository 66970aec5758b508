// What the start and each look have found out about the database: for STATUS= and the log.
// Thread of the event loop only.
#pragma once

#include "fibers/timer_wheel.hpp"
#include "walls/db_error.hpp"

#include <optional>
#include <string>

namespace pollster {

class database_state {
public:
    enum class is {
        not_known,    // nobody has asked
        fine,         // it answered when it was asked last
        away,         // waiting may help
        to_be_mended, // by an operator: walls::must_be_mended()
    };

    // Nothing went wrong, or `error`. True: an operator should hear of it, because it is another
    // state, or something else has to be mended.
    bool learn(const std::optional<walls::db_error>& error, fibers::steady_time now);

    is what() const { return what_; }
    const std::string& why() const { return why_; } // one line; empty: it is fine, or not known
    // When it was fine last; none: never. While nobody is connected nobody asks, so it grows old.
    std::optional<fibers::steady_time> last_fine() const { return last_fine_; }
    // "the database answers", "the database is away: …", "the database has to be mended: …"
    std::string sentence() const;

private:
    is what_ = is::not_known;
    std::string why_;
    std::optional<fibers::steady_time> last_fine_;
};

} // namespace pollster
