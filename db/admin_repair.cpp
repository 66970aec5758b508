#include "db/administration.hpp"

#include <limits>

namespace db {
namespace {

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
// Rows that a statement looks at: some 10 ms, so nobody waits long for a head.
constexpr std::int64_t piece = 5'000;

// All pieces of a wall: the function of the schema tells how far it looked. How many it repaired.
std::int64_t in_pieces(connection& conn, const char* sql, std::int64_t wall)
{
    std::int64_t repaired = 0;
    for (std::optional<std::int64_t> above = lowest; above;) {
        const auto r = conn.exec(sql, wall, *above, piece);
        repaired += r[0][1].as<std::int64_t>();
        above = r[0][0].is_null() ? std::nullopt : std::optional(r[0][0].as<std::int64_t>());
    }
    return repaired;
}

repaired_wall repair_wall(connection& conn, std::int64_t wall, bool removed)
{
    repaired_wall done{.id = walls::wall_id{wall}, .removed = removed};
    if (removed) {
        conn.exec("select pollster.remove_feed($1::bigint)", wall);
        return done;
    }
    done.head =
        conn.exec("select pollster.head_is_low($1::bigint) and pollster.repair_head($1::bigint)",
                  wall)[0][0]
            .as<bool>();
    done.deletions = in_pieces(
        conn,
        "select upto, repaired from pollster.repair_entries($1::bigint, $2::bigint, $3::bigint)",
        wall);
    done.posts = in_pieces(
        conn,
        "select upto, repaired from pollster.repair_posts($1::bigint, $2::bigint, $3::bigint)",
        wall);
    if (done.any()) {
        conn.exec("select pollster.note_wall($1::bigint)", wall);
    }
    return done;
}

} // namespace

// Each statement is a transaction: what was told is done, also if a later one fails.
outcome<std::size_t> administration::repair(const std::function<void(const repaired_wall&)>& tell)
{
    constexpr std::int64_t page = 1'000;
    try {
        std::size_t repaired = 0;
        for (std::int64_t above = lowest;;) {
            const auto rows = connection_.exec(
                "select wall_id, removed from pollster.walls_to_repair($1::bigint, $2::bigint)",
                above, page);
            for (const auto& row : rows) {
                above = row[0].as<std::int64_t>();
                const auto wall = repair_wall(connection_, above, row[1].as<bool>());
                if (wall.any()) {
                    ++repaired;
                    tell(wall);
                }
            }
            if (static_cast<std::int64_t>(rows.size()) < page) {
                return repaired;
            }
        }
    } catch (const std::exception& e) {
        return refusal{describe(e).why};
    }
}

} // namespace db
