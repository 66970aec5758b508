#include "db/rows.hpp"

#include "text/number.hpp"

#include <algorithm>
#include <stdexcept>

namespace db {

std::vector<std::int64_t> parse_bigints(std::string_view text)
{
    std::vector<std::int64_t> out;
    if (text.size() < 2 || text.front() != '{' || text.back() != '}') {
        throw std::runtime_error("not an array of numbers");
    }
    for (text = text.substr(1, text.size() - 2); !text.empty();) {
        const auto element = text.substr(0, text.find(','));
        const auto value = text::parse_number<std::int64_t>(element, INT64_MIN, INT64_MAX);
        if (!value) {
            throw std::runtime_error("not an array of numbers");
        }
        out.push_back(*value);
        text.remove_prefix(std::min(element.size() + 1, text.size()));
    }
    return out;
}

// PostgreSQL's manual, appendix A: connection, transaction, resources, operator, system; no such
// schema, table, column, function; no right to it, to which libpqxx gives no SQLSTATE.
bool may_be_of_one_row(const pqxx::sql_error& e)
{
    static constexpr std::string_view of_all[] = {"08", "25", "26", "28", "3D", "3F", "40",
                                                  "42", "53", "55", "57", "58", "F0"};
    return !e.sqlstate().empty() && !has_state(e, of_all);
}

std::string entry_columns(const std::string& e, const std::string& s)
{
    return e + ".id, " + e + ".post_id, " + e + ".kind, coalesce(" + s +
           ".user_id, 0) as user_id, " + s + ".user_name, " + s + ".body, " + s + ".created_at, " +
           s + ".edited_at, " + s + ".extra";
}

std::string within_bytes(const std::string& entries, const std::string& order,
                         const std::string& care, const std::string& more)
{
    return "select r.*, row_number() over way as nth, lead(id) over way is not null as followed, "
           "coalesce(sum(r.bytes) over (way rows between unbounded preceding and 1 preceding), 0) "
           "as before from (select c.*, 300 + octet_length(user_name) + "
           "coalesce(octet_length(body), 0) + coalesce(octet_length(extra), 0) as bytes from "
           "(select " +
           entry_columns("e", "s") + more + " from (" + entries +
           ") e left join lateral pollster.shown" + care +
           "(e.wall_id, e.id, e.post_id, e.kind, e.user_id, e.created_at) s on true) c) r window "
           "way as (order by " +
           order + ")";
}

bool is_token(std::string_view text)
{
    return text.size() >= 20 && text.size() <= 128 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

entry_reader::entry_reader(const pqxx::result& rows)
    : id_(rows.column_number("id"))
    , post_(rows.column_number("post_id"))
    , kind_(rows.column_number("kind"))
    , user_(rows.column_number("user_id"))
    , user_name_(rows.column_number("user_name"))
    , body_(rows.column_number("body"))
    , created_at_(rows.column_number("created_at"))
    , edited_at_(rows.column_number("edited_at"))
    , extra_(rows.column_number("extra"))
{
}

walls::entry entry_reader::read(const pqxx::row& row) const
{
    walls::entry e;
    e.id = walls::entry_id{row[id_].as<std::int64_t>()};
    e.post = walls::post_id{row[post_].as<std::int64_t>()};
    e.kind = row[kind_].c_str();
    e.user = walls::user_id{row[user_].as<std::int64_t>()};
    e.user_name = row[user_name_].c_str();
    if (!row[body_].is_null()) {
        e.body = row[body_].c_str();
    }
    e.created_at = row[created_at_].c_str();
    if (!row[edited_at_].is_null()) {
        e.edited_at = row[edited_at_].c_str();
    }
    if (!row[extra_].is_null()) {
        e.extra = row[extra_].c_str();
    }
    return e;
}

std::optional<denied> denial(const pqxx::row& row)
{
    if (!row["signed_in"].as<bool>()) {
        return denied::signed_out;
    }
    return row["member"].as<bool>() ? std::nullopt : std::optional(denied::no_member);
}

history read_history(const pqxx::result& rows, walls::wall_id wall, seen_heads& seen)
{
    const entry_reader entries(rows);
    const auto shown_column = rows.column_number("shown");
    const auto followed_column = rows.column_number("followed");
    history h;
    for (const auto& row : rows) {
        h.newest = walls::entry_id{row[0].as<std::int64_t>()};
        h.epoch = walls::wall_epoch{row[1].as<std::int64_t>()};
        if (!entries.has_entry(row)) {
            continue;
        }
        auto e = entries.read(row);
        const bool shown = row[shown_column].as<bool>();
        if (!shown || row[followed_column].as<bool>()) {
            h.before = e.id;
        } else {
            h.before.reset();
        }
        if (shown) {
            h.posts.push_back(std::move(e));
        }
    }
    seen.add_told({wall, h.epoch, h.newest, rows[0][2].as<std::int64_t>()});
    std::reverse(h.posts.begin(), h.posts.end());
    return h;
}

} // namespace db
