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

std::string within_bytes(const std::string& entries, const std::string& order,
                         const std::string& care, const std::string& more)
{
    return "select r.*, row_number() over way as nth, lead(id) over way is not null as followed, "
           "coalesce(sum(r.bytes) over (way rows between unbounded preceding and 1 preceding), 0) "
           "as before from (select c.*, 300 + octet_length(user_name) + "
           "coalesce(octet_length(body), 0) as bytes from (select " +
           std::string(entry_columns) + more + " from (" + entries +
           ") e left join lateral pollster.shown" + care +
           "(e.wall_id, e.id, e.post_id, e.kind, e.user_id, e.created_at) s on true) c(" +
           page_columns + more + ")) r window way as (order by " + order + ")";
}

bool is_token(std::string_view text)
{
    return text.size() == 43 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
           });
}

walls::entry read_entry(const pqxx::row& row, int first)
{
    const auto column = [&](int n) { return row[static_cast<pqxx::row::size_type>(first + n)]; };
    walls::entry e;
    e.id = walls::entry_id{column(0).as<std::int64_t>()};
    e.post = walls::post_id{column(1).as<std::int64_t>()};
    e.kind = column(2).c_str();
    e.user = walls::user_id{column(3).as<std::int64_t>()};
    e.user_name = column(4).c_str();
    if (!column(5).is_null()) {
        e.body = column(5).c_str();
    }
    e.created_at = column(6).c_str();
    if (!column(7).is_null()) {
        e.edited_at = column(7).c_str();
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
    history h;
    for (const auto& row : rows) {
        h.newest = walls::entry_id{row[0].as<std::int64_t>()};
        h.epoch = walls::wall_epoch{row[1].as<std::int64_t>()};
        if (row[3].is_null()) {
            continue;
        }
        auto e = read_entry(row, 3);
        const bool shown = row[11].as<bool>();
        if (!shown || row[12].as<bool>()) {
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
