#include "db/queries.hpp"
#include "db/rows.hpp"

#include <string>

namespace db {

namespace {

post_outcome read_outcome(const pqxx::row& row)
{
    const std::string outcome = row[1].c_str();
    if (outcome == "created") {
        return post_created{read_entry(row, 2)};
    }
    if (outcome == "known") {
        return post_known{read_entry(row, 2)};
    }
    if (outcome == "conflict") {
        return post_conflict{};
    }
    return post_forbidden{};
}

} // namespace

// One statement, one transaction; the schema's function does the work (migration posts_in_groups).
void add_posts(link& l, std::span<const new_post> posts,
               std::span<std::optional<post_outcome>> outcomes)
{
    // Not select *: the order of columns is read_entry's, and a wall's author may be gone.
    static constexpr char sql[] =
        "select place, outcome, id, post_id, kind, coalesce(user_id, 0), user_name, body, "
        "created_at, edited_at "
        "from pollster.add_posts($1::bigint[], $2::bigint[], $3::text[], $4::text[])";

    const auto on_walls = bigints(posts, [](const auto& p) { return number(p.wall); });
    const auto users = bigints(posts, [](const auto& p) { return number(p.user); });
    const auto bodies = texts(
        posts, [](const auto& p) -> const auto& { return p.body; });
    const auto keys = texts(
        posts, [](const auto& p) -> const auto& { return p.client_key; });
    for (int attempt = 1;; ++attempt) {
        try {
            const auto rows = l.exec(sql, on_walls, users, bodies, keys);
            for (const auto& row : rows) {
                outcomes[row[0].as<std::size_t>() - 1] = read_outcome(row);
            }
            return;
        } catch (const pqxx::sql_error& e) {
            const std::string state = e.sqlstate();
            // A deadlock with a writer of several walls, or a serialization failure: rolled back,
            // so nothing was posted.
            if ((state == "40P01" || state == "40001") && attempt < 5) {
                continue;
            }
            const auto refused = unacceptable(e);
            if (!refused) {
                throw;
            }
            if (posts.size() == 1) {
                // A foreign key: the wall or the user went away meanwhile.
                outcomes.front() = state == "23503" ? post_outcome(post_forbidden{}) : *refused;
                return;
            }
            break;
        }
    }
    // Nothing of the group was posted. One that is refused must not stop the others, and finding it
    // by halves costs few commits.
    const auto half = posts.size() / 2;
    add_posts(l, posts.first(half), outcomes.first(half));
    add_posts(l, posts.subspan(half), outcomes.subspan(half));
}

std::size_t clean_up(link& l)
{
    // In bounded pieces, so that no transaction is long; what is left after these waits for the
    // next time.
    constexpr std::int64_t batch = 5'000;
    std::size_t removed = 0;
    for (int round = 0; round < 100; ++round) {
        const auto n =
            l.exec("select pollster.clean_up($1::integer)", batch)[0][0].as<std::int64_t>();
        removed += static_cast<std::size_t>(n);
        if (n < batch) {
            break;
        }
    }
    return removed;
}

} // namespace db
