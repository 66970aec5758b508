#include "fcgi_app/http/poll_request.hpp"

#include "fcgi_app/http/cursors.hpp"
#include "fcgi_app/http/form.hpp"
#include "text/number.hpp"
#include "text/utf8.hpp"

#include <algorithm>
#include <optional>

namespace http {

namespace {

constexpr std::int64_t largest_epoch = (std::int64_t{1} << 53) - 1; // and access

// The wall of "last_post_id[1]", `key` being "last_post_id": none if the name is another, "" if
// nothing stands there.
std::optional<std::string_view> bracketed_wall(std::string_view name, std::string_view key)
{
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

std::optional<std::int64_t> cursors::number(std::string_view digits, std::int64_t most)
{
    const auto value = text::parse_number<std::int64_t>(digits, 0, most);
    too_large_ |= !value && !digits.empty() && text::leading_digits(digits) == digits;
    return value;
}

void cursors::add(std::string_view wall, std::string_view last)
{
    const auto wall_number = number(wall, INT64_MAX);
    const auto last_number = number(last, INT64_MAX);
    if (!wall_number || *wall_number < 1 || !last_number || cursors_.size() == max_walls) {
        malformed_ = true;
        return;
    }
    cursors_.push_back({walls::wall_id{*wall_number}, walls::entry_id{*last_number}});
}

void cursors::add_epoch(std::string_view wall, std::string_view epoch)
{
    const auto wall_number = number(wall, INT64_MAX);
    const auto epoch_number = number(epoch, largest_epoch);
    if (!wall_number || !epoch_number || epochs_.size() == max_walls) {
        malformed_ = true;
        return;
    }
    epochs_.push_back({walls::wall_id{*wall_number}, {}, walls::wall_epoch{*epoch_number}});
}

void cursors::set_access(std::string_view access)
{
    const auto said = number(access, largest_epoch);
    if (!said || access_) {
        malformed_ = true;
        return;
    }
    access_ = walls::access_number{*said};
}

std::vector<walls::cursor> cursors::take()
{
    const auto by_wall = [](const auto& a, const auto& b) { return a.wall < b.wall; };
    const auto same_wall = [](const auto& a, const auto& b) { return a.wall == b.wall; };
    for (auto* list : {&cursors_, &epochs_}) {
        std::sort(list->begin(), list->end(), by_wall);
        malformed_ |= std::adjacent_find(list->begin(), list->end(), same_wall) != list->end();
    }
    auto mine = cursors_.begin();
    for (const auto& said : epochs_) {
        mine = std::lower_bound(mine, cursors_.end(), said, by_wall);
        if (mine == cursors_.end() || mine->wall != said.wall) {
            malformed_ = true;
            break;
        }
        mine->epoch = said.epoch;
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
        } else if (!text::is_text(*name) || !text::is_text(*value)) {
            out.unreadable = not_a_text();
        } else if (*name == "session_id") {
            out.malformed |= session_seen;
            if (!session_seen) {
                out.session_id = std::move(*value);
            }
            session_seen = true;
        } else if (const auto wall = bracketed_wall(*name, "last_post_id")) {
            collected.add(*wall, *value);
        } else if (const auto of_epoch = bracketed_wall(*name, "epoch")) {
            collected.add_epoch(*of_epoch, *value);
        } else if (*name == "access") {
            collected.set_access(*value);
        }
    }
    out.cursors = collected.take();
    out.access = collected.access();
    out.malformed |= collected.malformed() || out.unreadable;
    out.too_large = collected.too_large();
    if (out.malformed) {
        out.cursors.clear();
    }
    return out;
}

} // namespace http
