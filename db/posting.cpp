#include "db/queries.hpp"
#include "db/rows.hpp"

#include <string>

namespace db {

// One statement, one transaction; the schema's function does the work (migration 0004).
post_outcome add_post(link& l, const new_post& post)
{
    // Not select *: the order of columns is read_entry's, and a wall's author may be gone.
    static constexpr char sql[] =
        "select outcome, id, post_id, kind, coalesce(user_id, 0), user_name, body, created_at, "
        "edited_at "
        "from pollster.add_post($1::bigint, $2::bigint, $3::text, $4::text)";

    for (int attempt = 1;; ++attempt) {
        try {
            const auto rows =
                l.exec(sql, number(post.wall), number(post.user), post.body, post.client_key);
            const std::string outcome = rows.empty() ? "forbidden" : rows[0][0].c_str();
            if (outcome == "created") {
                return post_created{read_entry(rows[0], 1)};
            }
            if (outcome == "known") {
                return post_known{read_entry(rows[0], 1)};
            }
            if (outcome == "conflict") {
                return post_conflict{};
            }
            return post_forbidden{};
        } catch (const pqxx::sql_error& e) {
            const std::string state = e.sqlstate();
            // A deadlock with a writer of several walls, or a serialization failure: rolled back,
            // so nothing was posted.
            if ((state == "40P01" || state == "40001") && attempt < 5) {
                continue;
            }
            // The wall or the user went away meanwhile, or a rule of the application's own says no.
            if (state.starts_with("23") || state == "P0001") {
                return post_forbidden{};
            }
            throw;
        }
    }
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
