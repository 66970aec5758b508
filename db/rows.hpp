// Values on their way to and from PostgreSQL. Internal to db/.
#pragma once

#include "db/connection.hpp"
#include "db/posts.hpp"
#include "db/seen_heads.hpp"

#include <pqxx/except>
#include <pqxx/result>
#include <pqxx/row>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace db {

// '{1,2,3}' for a parameter that is cast to bigint[]. `number_of` turns an element into its
// integer.
template <class Range, class Number>
std::string bigints(const Range& range, Number number_of)
{
    std::string out = "{";
    for (const auto& element : range) {
        if (out.size() > 1) {
            out += ',';
        }
        out += std::to_string(number_of(element));
    }
    out += '}';
    return out;
}

// The same for text[]: any text::is_text(); and for bytea[], of what token_hash() writes.
template <class Range, class Text>
std::string texts(const Range& range, Text text_of)
{
    std::string out = "{";
    for (const auto& element : range) {
        out += out.size() > 1 ? ",\"" : "\"";
        for (const char c : text_of(element)) {
            if (c == '"' || c == '\\') {
                out += '\\';
            }
            out += c;
        }
        out += '"';
    }
    out += '}';
    return out;
}

// The other direction: reads what PostgreSQL prints for a bigint[] without nulls. Throws
// std::runtime_error for anything else.
std::vector<std::int64_t> parse_bigints(std::string_view text);

// 43 characters of base64url: what a session token looks like. Anything else never reaches SQL.
bool is_token(std::string_view text);

// The epoch of the whole history: one row.
inline constexpr char history_epoch[] =
    "(select x.epoch from pollster.served_history x where x.one)";
// Differs between two runs of a PostgreSQL server, of which the second may give known transaction
// numbers to other transactions: after a restart, and after it recovered from the crash of a
// process (rollbacks are not flushed; a recovery discards the statistics, whose date tells). Also
// differs between one restored database and another.
inline constexpr char process_text[] =
    "concat_ws(' ', extract(epoch from pg_postmaster_start_time()), "
    "extract(epoch from pg_stat_get_bgwriter_stat_reset_time()), "
    "'pollster.heads'::regclass::oid)";

// A statement that reads rows behind the views of the contract, in two forms: as it is, and with
// the functions that skip a row which cannot be read (migration unreadable_rows; their names end in
// _careful). text("") makes the one, text("_careful") the other.
struct reading {
    struct often {}; // so it is prepared (connection::exec_prepared)

    template <class Text>
    explicit reading(Text text)
        : whole(text(std::string()))
        , careful(text(std::string("_careful")))
    {
    }
    template <class Text>
    reading(often, Text text)
        : reading(text)
    {
        is_prepared = true;
    }
    std::string whole;
    std::string careful;
    bool is_prepared = false;
};

// May one row among others have caused the error? Not if something is wrong with the database or
// the schema: then the other rows would fail, too.
bool may_be_of_one_row(const pqxx::sql_error& e);

// Two statements at most: the careful one if a row raised an error in the other.
template <class... Parameters>
pqxx::result read_rows(connection& conn, const reading& statement, const Parameters&... parameters)
{
    try {
        return statement.is_prepared ? conn.exec_prepared(statement.whole, parameters...)
                                     : conn.exec(statement.whole.c_str(), parameters...);
    } catch (const pqxx::sql_error& e) {
        if (!may_be_of_one_row(e)) {
            throw;
        }
        conn.note_unreadable(e);
    }
    return conn.exec(statement.careful.c_str(), parameters...);
}

// The columns of an entry, by their names. entry_reader finds them wherever they stand.
inline constexpr char page_columns[] =
    "id, post_id, kind, user_id, user_name, body, created_at, edited_at, extra";
// The same from two rows of these names: `e` is like pollster.entries, `s` is what readers see of
// it, which migration lives_of_posts says.
std::string entry_columns(const std::string& e, const std::string& s);

// "select newest.number, newest.epoch from" this: of wall $1.
inline const std::string newest_of_wall =
    std::string("(select coalesce(max(h.last_entry), 0) as number, coalesce(max(h.epoch), 0) # ") +
    history_epoch +
    " as epoch, coalesce(max(h.stamp), 0) as stamp "
    "from pollster.served_heads h where h.wall_id = $1::bigint) newest ";
// A query for the rows of `entries` (a select of rows of pollster.entries, and of the columns
// `more` as in ", n, holds") with the columns above, `more`, and of each row in the order of
// `order`: its number `nth`, 1, 2 …, whether another one is `followed`, and how many bytes are
// `before` it, with 300 more an entry (what JSON adds). octet_length() knows the size of a stored
// text without reading it: filter by `before`, and PostgreSQL neither unpacks nor sends the texts
// beyond it. `care`: of a reading.
std::string within_bytes(const std::string& entries, const std::string& order,
                         const std::string& care, const std::string& more = {});

// Reads the entries of a result that has the columns above, among others in any order. The names
// are looked up once; throws pqxx::argument_error, which names it, if one is not there.
class entry_reader {
public:
    explicit entry_reader(const pqxx::result& rows);

    // False: the row has none (an outer join).
    bool has_entry(const pqxx::row& row) const { return !row[id_].is_null(); }
    walls::entry read(const pqxx::row& row) const;

private:
    using column = pqxx::row::size_type;
    column id_;
    column post_;
    column kind_;
    column user_;
    column user_name_;
    column body_;
    column created_at_;
    column edited_at_;
    column extra_;
};

// What the columns signed_in and member say, which every query for a reader has; none: go on.
std::optional<denied> denial(const pqxx::row& row);

// Rows of the wall's newest number, epoch and stamp, then in any order an entry (null: there is
// none), whether it is to be `shown` and whether another one is `followed`, the newest first. There
// are more if the last one is followed; or if it is not to be shown, the last of those that were
// looked at. At least one row; the newest is noted in `seen`.
history read_history(const pqxx::result& rows, walls::wall_id wall, seen_heads& seen);

} // namespace db
