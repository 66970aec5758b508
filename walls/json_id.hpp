// An id as it stands in JSON (docs/PROTOCOL.md, "Ids"): a number, and from 2^53 on, where
// JavaScript would take the next one for it, a text of its digits. Any thread.
#pragma once

#include "walls/ids.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>

namespace walls {

inline constexpr std::int64_t largest_exact = (std::int64_t{1} << 53U) - 1;

template <class Id>
boost::json::value json_id(Id id)
{
    const auto n = number(id);
    return n <= largest_exact ? boost::json::value(n) : boost::json::value(std::to_string(n));
}

} // namespace walls
