#include "fcgi_app/routes/news_json.hpp"

#include <charconv>
#include <cstdint>

namespace routes {

namespace {

void append_number(std::string& out, std::int64_t n)
{
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
    out.append(digits, end);
}

} // namespace

void append_head(std::string& out, std::string_view cors_lines, std::size_t body_bytes)
{
    out += cors_lines;
    out += "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: "
           "no-store\r\nContent-Length: ";
    append_number(out, static_cast<std::int64_t>(body_bytes));
    out += "\r\n\r\n";
}

void append_epoch(std::string& out, const walls::head& h)
{
    out += R"("epoch":)";
    if (h.newest == walls::entry_id{0}) {
        out += "null";
    } else {
        append_number(out, walls::number(h.epoch));
    }
}

void news_json::begin(std::string& out, walls::wall_id wall)
{
    out += any_ ? ",\"" : "\"";
    any_ = true;
    append_number(out, walls::number(wall));
    out += R"(":{"posts":[)";
}

void news_json::end(std::string& out, const walls::head& h, bool more)
{
    out += more ? R"(],"more":true,"epoch":)" : R"(],"epoch":)";
    append_number(out, walls::number(h.epoch));
    out += '}';
}

void news_json::reset(std::string& out, const walls::head& h)
{
    begin(out, h.wall);
    out += R"(],"reset":true,"newest":)";
    append_number(out, walls::number(h.newest));
    out += ',';
    append_epoch(out, h);
    out += '}';
}

} // namespace routes
