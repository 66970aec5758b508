// The numbers that name things, each a type of its own so that a wall is never passed as a post.
#pragma once

#include <compare>
#include <cstdint>

namespace walls {

enum class wall_id : std::int64_t {};
enum class entry_id : std::int64_t {}; // number of an entry on its wall: 1, 2, 3 … without a gap
enum class post_id : std::int64_t {};  // a post's own identity, the target of an edit or deletion
enum class user_id : std::int64_t {};

// Which history an entry's number belongs to: another one after the wall's id came back, its head
// fell or the database was restored. From 1 to 2^53 - 1; 0 where it is not said.
enum class wall_epoch : std::int64_t {};

template <class Id>
constexpr std::int64_t number(Id id) noexcept
{
    return static_cast<std::int64_t>(id);
}

} // namespace walls
