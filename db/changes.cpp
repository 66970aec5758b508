#include "db/queries.hpp"
#include "db/retry.hpp"
#include "db/rows.hpp"
#include "db/token.hpp"

#include <string>
#include <utility>

namespace db {

// One statement, one transaction; the schema's function does the work (migration lives_of_posts),
// for nobody if the session has ended.
answer<written_entry> change_post(connection& conn, const post_change& change)
{
    static const std::string sql =
        "select case when a.signed_in then coalesce(c.outcome, 'missing') else 'signed_out' end, " +
        entry_columns("c", "c") +
        " from pollster.access_of($5::bytea, $2::bigint, null) a "
        "left join lateral pollster.change_post($1::bigint, case when a.signed_in then $2::bigint "
        "end, $3::bigint, nullif($4::text, '')) c on true";

    try {
        const auto rows = retry_on_deadlock([&] {
            return conn.exec_prepared(sql, number(change.wall), number(change.author.user),
                                      number(change.post), change.body.value_or(""),
                                      proof_of_writer(change.author));
        });
        const auto now = std::chrono::steady_clock::now();
        const std::string outcome = rows[0][0].c_str();
        if (outcome == "changed" || outcome == "unchanged") {
            written_entry written{entry_reader(rows).read(rows[0]), outcome == "changed"};
            written.committed = now;
            return written;
        }
        return outcome == "foreign"      ? denied::no_author
               : outcome == "missing"    ? denied::no_post
               : outcome == "signed_out" ? denied::signed_out
                                         : denied::no_member;
    } catch (const pqxx::sql_error& e) {
        if (auto refused = unacceptable(e)) {
            return std::move(*refused);
        }
        throw;
    }
}

} // namespace db
