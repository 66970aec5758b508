#include "fcgi_app/http/local_hash.hpp"

#include "fcgi_app/http/cursors.hpp"
#include "fcgi_app/http/form.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace http {

namespace {

std::optional<std::int64_t> decimal(std::string_view digits)
{
    std::int64_t value = 0;
    const auto* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (digits.empty() || digits.front() == '-' || error != std::errc() || stop != end) {
        return std::nullopt;
    }
    return value;
}

// The wall of "last_post_id[1]": none if the name is another, "" if nothing stands there.
std::optional<std::string_view> bracketed_wall(std::string_view name)
{
    constexpr std::string_view key = "last_post_id";
    if (!name.starts_with(key)) {
        return std::nullopt;
    }
    name.remove_prefix(key.size());
    if (name.empty()) {
        return name;
    }
    if (name.front() != '[') {
        return std::nullopt;
    }
    return name.back() == ']' ? name.substr(1, name.size() - 2) : "";
}

} // namespace

void cursors::add(std::string_view wall, std::string_view last)
{
    const auto wall_number = decimal(wall);
    const auto last_number = decimal(last);
    if (!wall_number || *wall_number < 1 || !last_number || cursors_.size() == max_walls) {
        malformed_ = true;
        return;
    }
    cursors_.push_back({walls::wall_id{*wall_number}, walls::entry_id{*last_number}});
}

std::vector<walls::cursor> cursors::take()
{
    const auto by_wall = [](const auto& a, const auto& b) { return a.wall < b.wall; };
    const auto same_wall = [](const auto& a, const auto& b) { return a.wall == b.wall; };
    std::sort(cursors_.begin(), cursors_.end(), by_wall);
    if (std::adjacent_find(cursors_.begin(), cursors_.end(), same_wall) != cursors_.end()) {
        malformed_ = true;
    }
    if (malformed_) {
        cursors_.clear();
    }
    return std::move(cursors_);
}

poll_body parse_poll_form(std::string_view encoded)
{
    poll_body out;
    cursors collected;
    bool session_seen = false;
    while (const auto field = take_field(encoded)) {
        const auto name = form_decode(field->first);
        auto value = form_decode(field->second);
        if (!name || !value) {
            out.malformed = true;
        } else if (!is_text(*name) || !is_text(*value)) {
            out.unreadable = not_a_text();
        } else if (*name == "session_id") {
            out.malformed |= session_seen;
            if (!session_seen) {
                out.session_id = std::move(*value);
            }
            session_seen = true;
        } else if (const auto wall = bracketed_wall(*name)) {
            collected.add(*wall, *value);
        }
    }
    out.cursors = collected.take();
    out.malformed |= collected.malformed() || out.unreadable;
    if (out.malformed) {
        out.cursors.clear();
    }
    return out;
}

} // namespace http
