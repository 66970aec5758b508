#include "walls/news_json.hpp"

#include <charconv>
#include <cstdint>

namespace walls {

namespace {

void append_number(std::string& out, std::int64_t n)
{
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
    out.append(digits, end);
}

} // namespace

void append_epoch(std::string& out, const head& h)
{
    out += R"("epoch":)";
    if (h.newest == entry_id{0}) {
        out += "null";
    } else {
        append_number(out, number(h.epoch));
    }
}

void news_json::begin(std::string& out, wall_id wall)
{
    out += any_ ? ",\"" : "\"";
    any_ = true;
    append_number(out, number(wall));
    out += R"(":{"posts":[)";
}

void news_json::end(std::string& out, const head& h, bool more)
{
    out += more ? R"(],"more":true,"epoch":)" : R"(],"epoch":)";
    append_number(out, number(h.epoch));
    out += '}';
}

void news_json::reset(std::string& out, const head& h)
{
    begin(out, h.wall);
    out += R"(],"reset":true,"newest":)";
    append_number(out, number(h.newest));
    out += ',';
    append_epoch(out, h);
    out += '}';
}

} // namespace walls
