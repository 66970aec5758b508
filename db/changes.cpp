#include "db/queries.hpp"
#include "db/rows.hpp"

#include <string>
#include <utility>

namespace db {

// One statement, one transaction; the schema's function does the work (migration 0007).
change_outcome change_post(link& l, const post_change& change)
{
    static constexpr char sql[] =
        "select outcome, id, post_id, kind, coalesce(user_id, 0), user_name, body, created_at, "
        "edited_at "
        "from pollster.change_post($1::bigint, $2::bigint, $3::bigint, nullif($4::text, ''))";

    for (int attempt = 1;; ++attempt) {
        try {
            const auto rows = l.exec(sql, number(change.wall), number(change.user),
                                     number(change.post), change.body.value_or(""));
            const std::string outcome = rows.empty() ? "missing" : rows[0][0].c_str();
            if (outcome == "changed") {
                return post_changed{{read_entry(rows[0], 1)}};
            }
            if (outcome == "unchanged") {
                return post_unchanged{{read_entry(rows[0], 1)}};
            }
            if (outcome == "foreign") {
                return post_foreign{};
            }
            if (outcome == "missing") {
                return post_missing{};
            }
            return post_forbidden{};
        } catch (const pqxx::sql_error& e) {
            const std::string state = e.sqlstate();
            // A deadlock with a writer of several walls, or a serialization failure: rolled back,
            // so nothing was changed.
            if ((state == "40P01" || state == "40001") && attempt < 5) {
                continue;
            }
            if (auto refused = unacceptable(e)) {
                return std::move(*refused);
            }
            throw;
        }
    }
}

} // namespace db
