#include "db/queries.hpp"
#include "db/retry.hpp"
#include "db/rows.hpp"
#include "db/token.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace db {

namespace {

answer<written_entry> read_outcome(const entry_reader& entries, const pqxx::row& row,
                                   std::chrono::steady_clock::time_point now)
{
    const std::string outcome = row[1].c_str();
    if (outcome == "created" || outcome == "known") {
        written_entry written{entries.read(row), outcome == "created"};
        written.committed = now;
        return written;
    }
    return outcome == "conflict"     ? denied::key_in_use
           : outcome == "signed_out" ? denied::signed_out
                                     : denied::no_member;
}

// May the error be that of one post among others? Not if it says that the database or the schema is
// with an error: the others would meet it, too. PostgreSQL's manual, appendix A.
bool may_be_of_one_post(const pqxx::sql_error& e)
{
    // A policy of the table, or a trigger. libpqxx gives it no SQLSTATE.
    if (dynamic_cast<const pqxx::insufficient_privilege*>(&e) != nullptr) {
        return true;
    }
    // Connection, transaction, resources, operator, system; no such schema, table, column,
    // function.
    static constexpr std::string_view of_all[] = {"08", "25",    "26",    "28",   "3D", "40",
                                                  "53", "55",    "57",    "58",   "F0", "XX",
                                                  "3F", "42P01", "42703", "42883"};
    return !e.sqlstate().empty() && !has_state(e, of_all);
}

struct error_of_one_post : db_exception {
    using db_exception::db_exception;
};

// A key of the table of posts that exists already may be one that the database draws itself: the
// sequence is behind the ids, which is no fault of the post, and each attempt takes it a step
// further.
bool drawn_key_exists(connection& conn, const new_post& post)
{
    return conn
        .exec("select pollster.drawn_key_exists($1::bigint, $2::bigint, $3::text)",
              number(post.wall), number(post.author.user), post.body)[0][0]
        .as<bool>();
}

// An integer column of ids with a sequence that goes on: out of range, whatever the post says.
bool ids_at_their_end(connection& conn)
{
    return conn.exec("select pollster.ids_at_their_end()")[0][0].as<bool>();
}

// One statement, one transaction; the schema's functions do the work (migration posts_cost_less).
// For them nobody is the author whose session has ended: nobody is a member of no wall.
pqxx::result insert_one(connection& conn, const new_post& post, bool heard)
{
    static const std::string sql =
        "select 1, case when a.signed_in then d.outcome else 'signed_out' end, " +
        entry_columns("d", "d") +
        " from pollster.access_of($5::bytea, $2::bigint, null) a cross join lateral "
        "pollster.add_post($1::bigint, case when a.signed_in then $2::bigint end, $3::text, "
        "$4::text, $6::boolean) d";
    return conn.exec_prepared(sql, number(post.wall), number(post.author.user), post.body,
                              post.client_key, proof_of_writer(post.author), heard);
}

pqxx::result insert_group(connection& conn, std::span<const new_post> posts)
{
    static const std::string sql =
        "with asked as materialized ("
        "select q.n, q.author, a.signed_in from unnest($2::bigint[], $5::bytea[]) with ordinality "
        "q(author, session, n) cross join lateral pollster.access_of(q.session, q.author, null) a"
        "), done as materialized ("
        "select * from pollster.add_posts($1::bigint[], (select array_agg("
        "case when k.signed_in then k.author end order by k.n) from asked k), $3::text[], "
        "$4::text[])) "
        "select d.place, case when k.signed_in then d.outcome else 'signed_out' end, " +
        entry_columns("d", "d") + " from done d join asked k on k.n = d.place";
    const auto on_walls = bigints(posts, [](const auto& p) { return number(p.wall); });
    const auto users = bigints(posts, [](const auto& p) { return number(p.author.user); });
    const auto bodies = texts(posts, [](const auto& p) -> const auto& { return p.body; });
    const auto keys = texts(posts, [](const auto& p) -> const auto& { return p.client_key; });
    const auto sessions = texts(posts, [](const auto& p) { return proof_of_writer(p.author); });
    return conn.exec_prepared(sql, on_walls, users, bodies, keys, sessions);
}

// Rows that cannot be read leave their answers empty.
void add_in_one_transaction(connection& conn, std::span<const new_post> posts, bool heard,
                            std::span<std::optional<answer<written_entry>>> answers)
{
    bool drawn = false; // by the database, the key that exists
    const auto draws_another = [&](const pqxx::sql_error& e) {
        drawn =
            e.sqlstate() == "23505" && posts.size() == 1 && drawn_key_exists(conn, posts.front());
        return drawn;
    };
    pqxx::result rows;
    try {
        rows = retry_on_deadlock(
            [&] {
                return posts.size() == 1 ? insert_one(conn, posts.front(), heard)
                                         : insert_group(conn, posts);
            },
            draws_another);
    } catch (const pqxx::sql_error& e) {
        if (drawn && e.sqlstate() == "23505") {
            throw error_of_one_post({walls::db_error_kind::unavailable,
                                     "a key that the database drew for a post exists already, set "
                                     "its sequence above: " +
                                         describe(e).why});
        }
        throw;
    }
    const auto now = std::chrono::steady_clock::now();
    const entry_reader entries(rows);
    for (const auto& row : rows) {
        try {
            answers[row[0].as<std::size_t>() - 1] = read_outcome(entries, row, now);
        } catch (const std::exception&) {
            continue; // its neighbours are committed and must be told so
        }
    }
}

} // namespace

void add_posts(connection& conn, std::span<const new_post> posts, bool heard,
               std::span<std::optional<answer<written_entry>>> answers)
{
    try {
        add_in_one_transaction(conn, posts, heard, answers);
        return;
    } catch (const pqxx::sql_error& e) {
        const std::string& state = e.sqlstate();
        if (!may_be_of_one_post(e)) {
            throw;
        }
        if (posts.size() == 1) {
            if (state == "22003" && ids_at_their_end(conn)) {
                throw error_of_one_post(
                    {walls::db_error_kind::unavailable,
                     "the ids of posts have come to the end of their column's type, make it "
                     "bigint: " +
                         describe(e).why});
            }
            auto refused = unacceptable(e);
            if (!refused) {
                throw error_of_one_post(describe_for_server(e));
            }
            // A foreign key: the wall or the user went away meanwhile.
            answers.front() = state == "23503" ? answer<written_entry>(denied::no_member)
                                               : answer<written_entry>(std::move(*refused));
            return;
        }
    }
    // Nothing of the group was posted. One that fails must not stop the others, and finding it by
    // halves costs few commits.
    const auto half = posts.size() / 2;
    std::exception_ptr error;
    for (const auto& [first, count] :
         {std::pair(std::size_t{0}, half), {half, posts.size() - half}}) {
        try {
            add_posts(conn, posts.subspan(first, count), heard, answers.subspan(first, count));
        } catch (const error_of_one_post&) {
            error = std::current_exception();
        }
    }
    if (error) {
        std::rethrow_exception(error);
    }
}

std::size_t clean_up(connection& conn, std::size_t batch)
{
    return conn.exec("select pollster.clean_up($1::integer)", batch)[0][0].as<std::size_t>();
}

} // namespace db
