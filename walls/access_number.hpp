// Which walls a user may see, as one number. A client says which number it knows, and is told when
// it is another one (docs/PROTOCOL.md, "Walls that come and go"). The same in each process, below
// 2^53, and 0 is a number like others. Any thread.
#pragma once

#include "walls/identity.hpp"

#include <cstdint>

namespace walls {

enum class access_number : std::int64_t {};

// FNV-1a, a wall at a time. Two sets of walls may have one number (once in 2^53): then the client
// hears of it with its next list of walls.
inline access_number access_number_of(const identity& who)
{
    std::uint64_t all = 14'695'981'039'346'656'037U;
    for (const wall_id wall : who.walls) {
        all = (all ^ static_cast<std::uint64_t>(number(wall))) * 1'099'511'628'211U;
    }
    return access_number{static_cast<std::int64_t>(all >> 11U)};
}

} // namespace walls
