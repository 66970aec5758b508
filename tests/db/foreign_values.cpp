#include "tests/db/foreign_values.hpp"

namespace {

using values = std::vector<foreign_value>;

// Whole numbers from 1 are ids. `seen` has a % where the id stands in the outcome.
void add_ids(std::vector<foreign_column>& all, const std::string& view, const std::string& column,
             const std::string& seen)
{
    const auto at = [&seen](std::string id) {
        auto text = seen;
        return text.replace(text.find('%'), 1, std::move(id));
    };
    const std::string none = "refused";
    all.push_back(
        {view, column, "smallint", {{"null", none}, {"-1", none}, {"0", none}, {"88", at("88")}}});
    all.push_back(
        {view, column, "integer", {{"-2147483648", none}, {"2147483647", at("2147483647")}}});
    all.push_back({view,
                   column,
                   "bigint",
                   {{"null", none},
                    {"0", none},
                    {"(-9223372036854775808)", none},
                    {"9007199254740993", at("9007199254740993")},
                    {"9223372036854775807", at("9223372036854775807")}}});
    all.push_back({view,
                   column,
                   "numeric",
                   {{"null", none},
                    {"88.0", at("88")},
                    {"1.5", none},
                    {"88.5", none},
                    {"0.5", none},
                    {"'NaN'", none},
                    {"'Infinity'", none},
                    {"'-Infinity'", none},
                    {"9223372036854775808", none},
                    {"1e1000", none},
                    {"-1", none}}});
    all.push_back({view,
                   column,
                   "double precision",
                   {{"88", at("88")},
                    {"88.5", none},
                    {"'NaN'", none},
                    {"'Infinity'", none},
                    {"'-Infinity'", none},
                    {"1e300", none},
                    {"9223372036854775808", none},
                    {"-0.0", none}}});
}

// Times; `seen` has a % where it stands. `past`: what becomes of the row if the time is long ago.
void add_times(std::vector<foreign_column>& all, const std::string& view, const std::string& column,
               const std::string& seen, const std::string& of_null, bool past_refused)
{
    const auto at = [&seen](std::string time) {
        auto text = seen;
        const auto place = text.find('%');
        return place == std::string::npos ? text : text.replace(place, 1, std::move(time));
    };
    const std::string first = past_refused ? "refused" : at("0001-01-01T00:00:00.000Z");
    const std::string last = at("9999-12-31T23:59:59.999Z");
    all.push_back({view,
                   column,
                   "timestamp with time zone",
                   {{"null", of_null},
                    {"'infinity'", last},
                    {"'-infinity'", first},
                    {"'4713-01-01 00:00:00+00 BC'", first},
                    {"'0001-01-01 00:00:00+00'", first},
                    {"'2262-04-11 23:47:16.854775+00'", at("2262-04-11T23:47:16.854Z")},
                    {"'2262-04-12 00:00:00+00'", at("2262-04-12T00:00:00.000Z")},
                    {"'9999-12-31 23:59:59.999999+00'", last},
                    {"'10000-01-01 00:00:00+00'", last},
                    {"'294276-12-31 23:59:59.999999+00'", last}}});
    all.push_back({view,
                   column,
                   "timestamp",
                   {{"null", of_null},
                    {"'infinity'", last},
                    {"'-infinity'", first},
                    {"'4713-01-01 00:00:00 BC'", first},
                    {"'2300-01-02 03:04:05.678'", at("2300-01-02T03:04:05.678Z")},
                    {"'294276-12-31 23:59:59.999999'", last}}});
    all.push_back({view,
                   column,
                   "date",
                   {{"null", of_null},
                    {"'infinity'", last},
                    {"'-infinity'", first},
                    {"'4713-01-01 BC'", first},
                    {"'2300-01-02'", at("2300-01-02T00:00:00.000Z")},
                    {"'5874897-12-31'", last}}});
}

// Texts; of a name, or of a body, of which `most` bytes are shown.
void add_texts(std::vector<foreign_column>& all, const std::string& view, const std::string& column,
               const std::string& seen, const std::string& of_null, std::size_t most)
{
    const auto at = [&seen](const std::string& text) {
        auto whole = seen;
        return whole.replace(whole.find('%'), 1, text);
    };
    const std::string cut = at(std::string(most / 4 - 1, 'x') + "...");
    all.push_back({view,
                   column,
                   "text",
                   {{"null", of_null},
                    {"''", at("")},
                    {"' '", at(" ")},
                    {R"(E'"\\\' \n\r\t\x01\x1f\x7f')", at("\"\\' \n\r\t\x01\x1f\x7f")},
                    {R"(E'\u202e\ufeff\uffff\U0010ffff')", at("\u202e\ufeff\uffff\U0010ffff")},
                    {"repeat('x', " + std::to_string(most) + ")", at(std::string(most, 'x'))},
                    {"repeat('x', " + std::to_string(most + 1) + ")", cut},
                    {"repeat('x', 4000000)", cut}}});
    all.push_back(
        {view, column, "character varying(10)", {{"null", of_null}, {"'short'", at("short")}}});
    all.push_back({view, column, "character(5)", {{"'abc'", at("abc")}}});
    all.push_back({view, column, "app.short_text", {{"null", of_null}, {"'abc'", at("abc")}}});
}

std::vector<foreign_column> make()
{
    std::vector<foreign_column> all;
    add_ids(all, "users", "id", "% bad");
    add_texts(all, "users", "name", "88 %", "88 ", 1024);
    for (const std::string type : {"text", "character varying(100)"}) {
        all.push_back({"users",
                       "password_hash",
                       type,
                       {{"null", "88 bad"},
                        {"''", "88 bad"},
                        {"'$2a$10$'", "88 bad"},
                        {"repeat('$', 100)", "88 bad"}}});
    }
    all.push_back({"users",
                   "disabled",
                   "boolean",
                   {{"null", "refused"}, {"true", "refused"}, {"false", "88 bad"}}});

    add_ids(all, "walls", "id", "% bad chat");
    add_texts(all, "walls", "name", "88 % chat", "88  chat", 1024);
    all.push_back({"walls",
                   "kind",
                   "text",
                   {{"null", "88 bad chat"},
                    {"''", "88 bad chat"},
                    {"'forum'", "88 bad chat"},
                    {"'CHAT'", "88 bad chat"},
                    {"repeat('x', 4000000)", "88 bad chat"},
                    {"'board'", "88 bad board"}}});
    all.push_back(
        {"walls",
         "kind",
         "app.kinds",
         {{"null", "88 bad chat"}, {"'board'", "88 bad board"}, {"'odd'", "88 bad chat"}}});
    all.push_back({"walls", "kind", "integer", {{"7", "88 bad chat"}}});

    // A member of the wall 3, or nobody.
    for (const std::string column : {"user_id", "wall_id"}) {
        const std::string there = column == "user_id" ? "1" : "3";
        all.push_back(
            {"memberships",
             column,
             "smallint",
             {{"null", "refused"}, {"-1", "refused"}, {"0", "refused"}, {there, "member"}}});
        all.push_back(
            {"memberships",
             column,
             "bigint",
             {{"null", "refused"}, {"9223372036854775807", "refused"}, {there, "member"}}});
        all.push_back({"memberships",
                       column,
                       "numeric",
                       {{"null", "refused"},
                        {"'NaN'", "refused"},
                        {"'Infinity'", "refused"},
                        {"1e1000", "refused"},
                        {"1.5", "refused"},
                        {there + ".0", "member"}}});
    }

    all.push_back({"sessions",
                   "token_hash",
                   "bytea",
                   {{"null", "refused"},
                    {"''", "refused"},
                    {"'short'", "refused"},
                    {"sha256('x') || sha256('x')", "refused"},
                    {"convert_to(repeat('x', 4000000), 'UTF8')", "refused"}}});
    all.push_back({"sessions",
                   "user_id",
                   "numeric",
                   {{"null", "refused"},
                    {"0", "refused"},
                    {"'NaN'", "refused"},
                    {"1.5", "refused"},
                    {"1e1000", "refused"},
                    {"1", "1 9999-12-31T23:59:59.999Z"}}});
    all.push_back({"sessions",
                   "user_id",
                   "integer",
                   {{"null", "refused"}, {"-1", "refused"}, {"999", "refused"}}});
    add_times(all, "sessions", "created_at", "1 9999-12-31T23:59:59.999Z",
              "1 9999-12-31T23:59:59.999Z", false);
    for (auto& c : all) {
        if (c.view == "sessions" && c.column == "created_at") {
            for (auto& v : c.values) {
                v.outcome = "1 9999-12-31T23:59:59.999Z"; // whenever it began
            }
        }
    }
    add_times(all, "sessions", "expires_at", "1 %", "1 9999-12-31T23:59:59.999Z", true);

    add_ids(all, "posts", "id", "% 1 bad 2026-01-02T03:04:05.678Z -");
    // Without a wall that is there a post is nowhere.
    all.push_back({"posts",
                   "wall_id",
                   "smallint",
                   {{"null", "refused"}, {"-1", "refused"}, {"0", "refused"}, {"999", "refused"}}});
    all.push_back({"posts",
                   "wall_id",
                   "numeric",
                   {{"null", "refused"},
                    {"'NaN'", "refused"},
                    {"'Infinity'", "refused"},
                    {"1.5", "refused"},
                    {"1e1000", "refused"},
                    {"1.0", "88 1 bad 2026-01-02T03:04:05.678Z -"}}});
    // Without an author that is one it is nobody's.
    const std::string nobodys = "88 0 bad 2026-01-02T03:04:05.678Z -";
    all.push_back({"posts",
                   "user_id",
                   "integer",
                   {{"null", nobodys},
                    {"0", nobodys},
                    {"-1", nobodys},
                    {"999", "88 999 bad 2026-01-02T03:04:05.678Z -"}}});
    all.push_back({"posts",
                   "user_id",
                   "numeric",
                   {{"null", nobodys},
                    {"'NaN'", nobodys},
                    {"'Infinity'", nobodys},
                    {"1.5", nobodys},
                    {"1e1000", nobodys}}});
    add_texts(all, "posts", "body", "88 1 % 2026-01-02T03:04:05.678Z -",
              "88 1 (none) 2026-01-02T03:04:05.678Z -", 65536);
    all.push_back({"posts",
                   "body",
                   "text",
                   {{"repeat('x', 300000000)",
                     "88 1 " + std::string(16383, 'x') + "... 2026-01-02T03:04:05.678Z -"}}});
    add_times(all, "posts", "created_at", "88 1 bad % -", "88 1 bad (of the entry) -", false);
    add_times(all, "posts", "edited_at", "88 1 bad 2026-01-02T03:04:05.678Z %", nobodys, false);
    for (auto& c : all) {
        if (c.view == "posts" && c.column == "edited_at") {
            for (auto& v : c.values) {
                v.outcome = v.sql == "null" ? "88 1 bad 2026-01-02T03:04:05.678Z -" : v.outcome;
            }
        }
    }
    return all;
}

} // namespace

const std::vector<foreign_column>& foreign_columns()
{
    static const auto all = make();
    return all;
}
