#include "fcgi_app/database_state.hpp"

#include <utility>

namespace pollster {

bool database_state::learn(const std::optional<walls::db_error>& error, fibers::steady_time now)
{
    if (!error) {
        last_fine_ = now;
        why_.clear();
        return std::exchange(what_, is::fine) != is::fine;
    }
    const auto found = walls::must_be_mended(error->kind) ? is::to_be_mended : is::away;
    // The reason for being away may be worded differently with each attempt.
    const bool other = found != what_ || (found == is::to_be_mended && error->why != why_);
    what_ = found;
    why_ = error->why;
    return other;
}

std::string database_state::sentence() const
{
    switch (what_) {
    case is::not_known:
        break;
    case is::fine:
        return "the database answers";
    case is::away:
        return "the database is away: " + why_;
    case is::to_be_mended:
        return "the database has to be mended: " + why_;
    }
    return "the database has not been asked yet";
}

} // namespace pollster
