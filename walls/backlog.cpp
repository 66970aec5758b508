#include "walls/backlog.hpp"

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <chrono>

namespace walls {

namespace {

constexpr std::size_t cursors_a_read = 100;
// Others see a change that no trigger tells of at the latest then.
constexpr std::chrono::seconds kept_for{1};
// Text that is written between two steps; what JSON makes of it may be six times as long.
constexpr std::size_t bytes_a_step = std::size_t{32} * 1024;
// {"1":{"posts":[],"more":true}} and what a page costs besides.
constexpr std::size_t frame = 64;
// What stands before the body of an answer.
constexpr std::size_t head_bytes = 1024;

} // namespace

std::size_t backlog::by_cursor::operator()(const cursor& c) const noexcept
{
    std::size_t seed = 0;
    boost::hash_combine(seed, number(c.wall));
    boost::hash_combine(seed, number(c.last));
    return seed;
}

result<std::vector<page_ptr>> backlog::after(std::span<const cursor> behind)
{
    question mine;
    mine.behind = behind;
    fill(mine, {}, std::chrono::steady_clock::now());
    if (!mine.done()) {
        asking_.push_back(&mine);
        if (loading_) {
            mine.turn.sleep();
        }
        // Either done by another fiber's reads, or whoever read is done, and reading falls to us.
        if (!mine.done()) {
            loading_ = true;
            const auto hand_over = [this] {
                if (asking_.empty()) {
                    loading_ = false;
                } else {
                    asking_.front()->turn.wake();
                }
            };
            try {
                while (!mine.done()) {
                    load_some();
                }
            } catch (...) { // out of memory, say: the others must not wait for ever for that
                std::erase(asking_, &mine);
                hand_over();
                throw;
            }
            hand_over();
        }
    }
    if (mine.failed) {
        return *mine.failed;
    }
    return std::move(mine.found);
}

// One read for those who wait. Nobody's question is as long as that it could not be done by so many
// reads: each begins with what the first in turn needs next.
void backlog::load_some()
{
    const auto now = std::chrono::steady_clock::now();
    const std::vector<question*> round = asking_; // who comes meanwhile has not been asked for
    const auto cursors = wanted(now);
    std::vector<head> before;
    for (const cursor& c : cursors) {
        before.push_back(parts_.hash.find(c.wall).value_or(head{c.wall, {}, {}}));
    }
    pages fresh;
    std::optional<db_error> failed;
    if (!cursors.empty()) {
        const std::uint64_t outdated = parts_.recent.outdated(); // what is read now may be, too
        auto found = parts_.source.entries_after(
            cursors, {limits_.entries, limits_.wall_bytes, limits_.answer_bytes}); // others run
        if (!found) {
            failed = found.error();
        }
        for (std::size_t i = 0; found && i < cursors.size(); ++i) {
            const page p = std::move((*found)[i]);
            if (p.entries.empty() && p.more) {
                continue; // not reached: a later read begins with it
            }
            const auto text = write(p); // others run
            text->epoch = p.epoch;
            text->behind_hash = p.epoch != before[i].epoch || p.newest < before[i].newest;
            fresh.emplace(cursors[i], text);
            const auto known = parts_.hash.find(p.wall);
            if (known && known->newest == before[i].newest && known->epoch == p.epoch &&
                !text->behind_hash && !text->json.empty()) {
                keep(cursors[i], text, outdated, now);
            }
        }
    }
    for (question* q : round) {
        if (failed) {
            q->failed = failed;
        } else {
            fill(*q, fresh, now);
        }
        const auto place = std::find(asking_.begin(), asking_.end(), q);
        if (q->done()) {
            asking_.erase(place);
            q->turn.wake();
        } else {
            std::rotate(place, place + 1, asking_.end()); // a long question lets the others go on
        }
    }
}

std::vector<cursor> backlog::wanted(fibers::steady_time now) const
{
    std::vector<cursor> cursors;
    boost::unordered_flat_set<cursor, by_cursor, by_cursor> seen;
    for (const question* q : asking_) {
        for (const cursor& c : q->behind.subspan(q->found.size())) {
            if (cursors.size() == cursors_a_read) {
                return cursors;
            }
            if (seen.insert(c).second && !at_hand(c, now)) {
                cursors.push_back(c);
            }
        }
    }
    return cursors;
}

void backlog::fill(question& q, const pages& fresh, fibers::steady_time now)
{
    while (!q.done()) {
        const page_ptr p = known(q.behind[q.found.size()], fresh, now);
        if (!p) {
            return;
        }
        const std::size_t bytes = p->json.empty() ? 0 : p->json.size() + frame;
        q.full = q.bytes > 0 && q.bytes + bytes > limits_.answer_bytes;
        if (!q.full) {
            q.found.push_back(p);
            q.bytes += bytes;
        }
    }
}

std::size_t backlog::room_for(std::span<const cursor> behind) const
{
    const auto now = std::chrono::steady_clock::now();
    std::size_t bytes = 0;
    for (const cursor& c : behind) {
        std::size_t page = 0;
        if (const auto* k = kept(c, now)) {
            page = k->page->json.size();
        } else if (const auto recent =
                       parts_.recent.after(c.wall, c.last, limits_.entries, limits_.wall_bytes)) {
            page = recent->json.size();
        } else {
            return 2 * limits_.answer_bytes;
        }
        if (bytes > 0 && bytes + page + frame > limits_.answer_bytes) {
            break;
        }
        bytes += page + frame;
    }
    return bytes + head_bytes;
}

bool backlog::at_hand(const cursor& c, fibers::steady_time now) const
{
    return kept(c, now) != nullptr ||
           parts_.recent.after(c.wall, c.last, limits_.entries, limits_.wall_bytes);
}

page_ptr backlog::known(const cursor& c, const pages& fresh, fibers::steady_time now)
{
    if (const auto it = fresh.find(c); it != fresh.end()) {
        return it->second;
    }
    if (const auto* k = kept(c, now)) {
        return k->page;
    }
    const auto recent = parts_.recent.after(c.wall, c.last, limits_.entries, limits_.wall_bytes);
    if (!recent) {
        return nullptr;
    }
    auto copy = std::make_shared<page_text>();
    copy->json = recent->json;
    copy->last = recent->last;
    copy->more = recent->more;
    copy->epoch = parts_.hash.find(c.wall).value_or(head{c.wall, {}, {}}).epoch;
    keep(c, copy, parts_.recent.outdated(), now);
    return copy;
}

// What is newer than the last look is left out: the client may have lost the wall before it was
// written, and only a look tells.
std::shared_ptr<page_text> backlog::write(const page& p)
{
    const auto newest = parts_.hash.newest(p.wall).value_or(entry_id{0});
    auto text = std::make_shared<page_text>();
    entry_id last{};
    std::size_t step = bytes_a_step;
    for (const entry& e : p.entries) {
        if (e.id > newest) {
            break;
        }
        step += e.body ? e.body->size() : 0;
        if (step >= bytes_a_step) {
            parts_.steps.pass(); // others run
            step = 0;
        }
        const std::string one = to_json(e);
        if (last != entry_id{} && text->json.size() + 1 + one.size() > limits_.wall_bytes) {
            text->more = true;
            break;
        }
        text->json += last == entry_id{} ? "" : ",";
        text->json += one;
        last = e.id;
    }
    text->last = last;
    text->more = text->more || (p.more && last < newest);
    text->json.shrink_to_fit();
    return text;
}

const backlog::kept_page* backlog::kept(const cursor& c, fibers::steady_time now) const
{
    const auto it = kept_.find(c);
    if (it == kept_.end() || now - it->second.read > kept_for) {
        return nullptr;
    }
    const auto known = parts_.hash.find(c.wall);
    const bool good = known && known->newest == it->second.newest &&
                      known->epoch == it->second.epoch &&
                      it->second.outdated == parts_.recent.outdated();
    return good ? &it->second : nullptr;
}

void backlog::keep(const cursor& c, const page_ptr& p, std::uint64_t outdated,
                   fibers::steady_time read)
{
    const auto known = parts_.hash.find(c.wall);
    if (!known || p->json.size() > limits_.kept_bytes) {
        return;
    }
    auto [it, fresh] = kept_.try_emplace(c);
    if (fresh) {
        it->second.place = kept_order_.insert(kept_order_.end(), c);
    } else {
        kept_bytes_ -= it->second.page->json.size();
        parts_.room.remove(it->second.page->json.size());
        kept_order_.splice(kept_order_.end(), kept_order_, it->second.place);
    }
    it->second.page = p;
    it->second.newest = known->newest;
    it->second.epoch = known->epoch;
    it->second.outdated = outdated;
    it->second.read = read;
    kept_bytes_ += p->json.size();
    parts_.room.add(p->json.size());
    while (kept_bytes_ > limits_.kept_bytes) {
        drop_oldest();
    }
}

void backlog::drop_oldest()
{
    const auto it = kept_.find(kept_order_.front());
    const std::size_t bytes = it->second.page->json.size();
    kept_bytes_ -= bytes;
    kept_order_.pop_front();
    kept_.erase(it);
    parts_.room.remove(bytes);
}

void backlog::forget_old(fibers::steady_time now)
{
    while (!kept_order_.empty() && now - kept_.at(kept_order_.front()).read > kept_for) {
        drop_oldest();
    }
}

} // namespace walls
