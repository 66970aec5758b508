#include "db/administration.hpp"
#include "db/migrate.hpp"
#include "db/queries.hpp"
#include "db/session_settings.hpp"

#include <map>
#include <string_view>

namespace db {
namespace {

// What the types of a column of the contract have in common (docs/DATABASE.md, "Values"), by
// pg_type: typcategory, or the name of the type where that says too little.
struct column_rule {
    const char* view;
    const char* column;
    std::string_view types; // separated by spaces
    const char* told;
    bool is_optional = false;
};
constexpr std::string_view numbers = "int2 int4 int8 numeric float4 float8";
constexpr std::string_view times = "timestamptz timestamp date";
constexpr std::string_view texts = "S"; // a category
constexpr std::string_view anything{};
constexpr column_rule contract[] = {
    {"users", "id", numbers, "a number"},
    {"users", "name", texts, "a text"},
    {"users", "password_hash", texts, "a text"},
    {"users", "disabled", "bool", "boolean"},
    {"users", "login", texts, "a text", true},
    {"walls", "id", numbers, "a number"},
    {"walls", "name", texts, "a text"},
    {"walls", "kind", anything, ""},
    {"memberships", "user_id", numbers, "a number"},
    {"memberships", "wall_id", numbers, "a number"},
    {"sessions", "token_hash", "bytea", "bytea"},
    {"sessions", "user_id", numbers, "a number"},
    {"sessions", "created_at", times, "a time"},
    {"sessions", "expires_at", times, "a time"},
    {"posts", "id", numbers, "a number"},
    {"posts", "wall_id", numbers, "a number"},
    {"posts", "user_id", numbers, "a number"},
    {"posts", "body", texts, "a text"},
    {"posts", "created_at", times, "a time"},
    {"posts", "edited_at", times, "a time"},
    {"open_walls", "wall_id", numbers, "a number"},
};

bool is_one_of(std::string_view types, const std::string& type, const std::string& category)
{
    if (types == anything || types == category) {
        return true;
    }
    const std::string all = " " + std::string(types) + " ";
    return all.find(" " + type + " ") != std::string::npos;
}

void check_columns(connection& conn, std::vector<std::string>& found)
{
    // Of a domain, the type below it.
    const auto rows = conn.exec(
        "select c.relname, a.attname, coalesce(b.typname, t.typname), "
        "coalesce(b.typcategory, t.typcategory), format_type(a.atttypid, a.atttypmod) "
        "from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 "
        "and not a.attisdropped join pg_type t on t.oid = a.atttypid "
        "left join pg_type b on b.oid = t.typbasetype "
        "where c.relnamespace = to_regnamespace('pollster') and c.relkind in ('v', 'r', 'm', 'f')");
    std::map<std::string, pqxx::row> columns;
    for (const auto& row : rows) {
        columns.emplace(std::string(row[0].c_str()) + "." + row[1].c_str(), row);
    }
    for (const auto& rule : contract) {
        const std::string name = std::string(rule.view) + "." + rule.column;
        const auto at = columns.find(name);
        if (at == columns.end() && rule.is_optional) {
            continue;
        }
        if (at == columns.end()) {
            found.push_back("pollster." + name + " is missing");
        } else if (!is_one_of(rule.types, at->second[2].c_str(), at->second[3].c_str())) {
            found.push_back("pollster." + name + " has the type " + at->second[4].c_str() +
                            ", which has to be " + rule.told);
        }
    }
}

void check_settings(connection& conn, std::vector<std::string>& found)
{
    const auto rows =
        conn.exec("select name, setting, source from pg_settings "
                  "where source in ('user', 'database', 'database user') order by name");
    for (const auto& row : rows) {
        if (!is_known_setting(row[0].c_str())) {
            found.push_back("the setting " + std::string(row[0].c_str()) + " = " + row[1].c_str() +
                            " comes from the " + row[2].c_str() +
                            ", and Pollster does not know what it does to its statements");
        }
    }
}

} // namespace

outcome<std::vector<std::string>> administration::check()
{
    return at_once([&] {
        std::vector<std::string> found;
        const auto encoding = connection_.exec("select getdatabaseencoding()");
        if (encoding[0][0].c_str() != std::string_view("UTF8")) {
            found.push_back(about_encoding(encoding[0][0].c_str()));
        }
        if (const auto other = other_schema(recorded_version(connection_)); !other.empty()) {
            found.push_back(other);
        }
        check_columns(connection_, found);
        check_settings(connection_, found);
        return found;
    });
}

} // namespace db
