#include "fcgi_app/http/event_stream.hpp"

#include "fcgi_app/http/cursors.hpp"
#include "walls/json_id.hpp"

#include <algorithm>
#include <charconv>

namespace http {

namespace {

void append_number(std::string& out, std::int64_t number)
{
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

} // namespace

void append_retry(std::string& out, std::chrono::milliseconds after)
{
    out += "retry: ";
    append_number(out, after.count());
    out += '\n';
}

void begin_event(std::string& out, std::string_view name)
{
    out += "event: ";
    out += name;
    out += "\ndata: ";
}

void append_cursors(std::string& out, std::span<const walls::cursor> cursors)
{
    bool first = true;
    for (const walls::cursor& c : cursors) {
        if (!first) {
            out += ',';
        }
        first = false;
        append_number(out, walls::number(c.wall));
        out += ':';
        append_number(out, walls::number(c.last));
        if (c.epoch != walls::wall_epoch{0}) {
            out += '@';
            append_number(out, walls::number(c.epoch));
        }
    }
}

std::optional<std::vector<walls::cursor>> parse_cursors(std::string_view id, bool* too_large)
{
    cursors collected;
    while (!id.empty()) {
        const auto one = id.substr(0, id.find(','));
        id.remove_prefix(one.size());
        if (!id.empty()) {
            id.remove_prefix(1);
            if (id.empty()) { // a comma, and nothing behind it
                return std::nullopt;
            }
        }
        const auto colon = one.find(':');
        if (colon == std::string_view::npos) {
            return std::nullopt;
        }
        const auto wall = one.substr(0, colon);
        const auto behind = one.substr(colon + 1);
        const auto at = behind.find('@');
        collected.add(wall, behind.substr(0, at));
        if (at != std::string_view::npos) {
            collected.add_epoch(wall, behind.substr(at + 1));
        }
    }
    auto read = collected.take();
    if (too_large != nullptr) {
        *too_large = collected.too_large();
    }
    if (collected.malformed()) {
        return std::nullopt;
    }
    return read;
}

std::size_t longest_id(std::span<const walls::cursor> cursors)
{
    std::string id;
    for (walls::cursor c : cursors) {
        constexpr walls::entry_id ten_digits{9'999'999'999};
        c.last = std::max(c.last, ten_digits);
        c.epoch = walls::wall_epoch{walls::largest_exact};
        append_cursors(id, std::span(&c, 1));
        id += ',';
    }
    return id.size();
}

} // namespace http
