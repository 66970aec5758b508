#include "walls/recent_entries.hpp"

#include <algorithm>

namespace walls {

namespace {

entry_id next(entry_id id)
{
    return entry_id{number(id) + 1};
}

std::uint64_t bit_of(user_id author)
{
    return std::uint64_t{1} << (static_cast<std::uint64_t>(number(author)) % 64);
}

// A string grows to twice its size by itself, reserve() included, and the half would stay unused
// and uncounted.
void grow(std::string& text, std::size_t needed)
{
    constexpr std::size_t small = 4096;
    if (needed > small && needed > text.capacity()) {
        std::string larger;
        larger.reserve(needed + needed / 8);
        larger += text;
        text.swap(larger);
    }
}

} // namespace

void recent_entries::append(wall_id wall, std::span<const entry> entries,
                            fibers::steady_time committed)
{
    if (entries.empty()) {
        return;
    }
    auto [it, fresh] = walls_.try_emplace(wall);
    wall_text& w = it->second;
    if (fresh) {
        w.age = by_age_.insert(by_age_.end(), wall);
    } else {
        by_age_.splice(by_age_.end(), by_age_, w.age);
    }
    for (const entry& e : entries) {
        if (!w.places.empty() && e.id <= w.newest) {
            continue;
        }
        if (!w.places.empty() && (e.id != next(w.newest) || e.kind != "post")) {
            while (!w.places.empty()) {
                drop_oldest(w);
            }
            w.authors = 0;
        }
        w.authors |= bit_of(e.user);
        const std::string json = to_json(e);
        const std::size_t before = w.json.size();
        grow(w.json, before + 1 + json.size());
        if (!w.places.empty()) {
            w.json += ',';
        }
        w.places.push_back({w.dropped + w.json.size(), committed});
        w.json += json;
        w.newest = e.id;
        bytes_ += w.json.size() - before;
        while (w.places.size() > 1 &&
               (w.places.size() > limits_.entries_a_wall || w.json.size() > limits_.bytes_a_wall)) {
            drop_oldest(w);
        }
    }
    while (bytes_ > limits_.bytes && by_age_.front() != wall) {
        drop_wall(by_age_.front());
    }
}

void recent_entries::change(const limits& l)
{
    limits_ = l;
    while (bytes_ > limits_.bytes && !by_age_.empty()) {
        drop_wall(by_age_.front());
    }
}

std::optional<recent_entries::slice>
recent_entries::after(wall_id wall, entry_id last, std::size_t most, std::size_t most_bytes) const
{
    const auto it = walls_.find(wall);
    if (it == walls_.end() || it->second.places.empty() || last >= it->second.newest) {
        return std::nullopt;
    }
    const wall_text& w = it->second;
    const auto behind = static_cast<std::size_t>(number(w.newest) - number(last));
    if (behind > w.places.size()) {
        return std::nullopt;
    }
    const std::size_t first = w.places.size() - behind;
    const std::size_t from = w.places[first].start - w.dropped;
    const auto committed = w.places[first].committed;
    if (behind <= most && w.json.size() - from <= most_bytes) {
        return slice{std::string_view(w.json).substr(from), false, w.newest, committed};
    }
    // The last entry that ends within the bytes, each by the comma before the next.
    const auto next = [&](std::size_t n) {
        return w.places.begin() + static_cast<std::ptrdiff_t>(first + n);
    };
    const auto end = behind > most ? next(most) + 1 : w.places.end();
    const std::size_t room = std::min(most_bytes, w.json.size()) + 1;
    auto cut =
        std::upper_bound(next(1), end, w.dropped + from + room,
                         [](std::size_t limit, const position& p) { return limit < p.start; });
    cut = cut == next(1) ? cut : cut - 1;
    if (cut == w.places.end()) { // one entry, larger than that
        return slice{std::string_view(w.json).substr(from), false, w.newest, committed};
    }
    const std::size_t to = cut->start - w.dropped - 1; // without the comma
    const auto left_out = w.places.end() - cut;
    return slice{std::string_view(w.json).substr(from, to - from), true,
                 entry_id{number(w.newest) - left_out}, committed};
}

std::optional<entry_id> recent_entries::newest(wall_id wall) const
{
    const auto it = walls_.find(wall);
    if (it == walls_.end() || it->second.places.empty()) {
        return std::nullopt;
    }
    return it->second.newest;
}

void recent_entries::drop_oldest(wall_text& w)
{
    const std::size_t end = w.places.size() > 1 ? w.places[1].start - w.dropped : w.json.size();
    w.json.erase(0, end);
    w.dropped += end;
    w.places.pop_front();
    bytes_ -= end;
}

void recent_entries::drop_wall(wall_id wall)
{
    const auto it = walls_.find(wall);
    bytes_ -= it->second.json.size();
    by_age_.erase(it->second.age);
    walls_.erase(it);
}

void recent_entries::forget(wall_id wall)
{
    if (walls_.contains(wall)) {
        drop_wall(wall);
    }
}

void recent_entries::outdate(wall_id wall)
{
    ++outdated_;
    forget(wall);
}

void recent_entries::forget_by(std::span<const user_id> authors)
{
    ++outdated_;
    std::uint64_t theirs = 0;
    for (const user_id author : authors) {
        theirs |= bit_of(author);
    }
    boost::unordered::erase_if(walls_, [this, theirs](const auto& place) {
        const wall_text& w = place.second;
        if ((w.authors & theirs) == 0) {
            return false;
        }
        bytes_ -= w.json.size();
        by_age_.erase(w.age);
        return true;
    });
}

void recent_entries::forget_all()
{
    ++outdated_;
    walls_.clear();
    by_age_.clear();
    bytes_ = 0;
}

} // namespace walls
