#include "walls/comparison.hpp"

#include <algorithm>
#include <random>

namespace walls {

comparison compare(std::span<cursor> local, const global_hash& hash, const recent_entries& recent,
                   const backlog::limits& most)
{
    comparison c;
    for (cursor& mine : local) {
        const auto known = hash.find(mine.wall);
        if (!known) {
            continue;
        }
        if (!goes_on(mine, known->newest, known->epoch)) {
            c.found.reset(*known);
            continue;
        }
        mine.epoch = known->epoch;
        if (known->newest == mine.last) {
            continue;
        }
        const auto entries = recent.after(mine.wall, mine.last, most.entries, most.wall_bytes);
        if (entries && c.found.bytes() + entries->json.size() <= most_in_one_piece) {
            c.found.entries(*known, *entries);
        } else {
            c.older.push_back(mine);
        }
    }
    return c;
}

std::vector<cursor> behind(std::span<const cursor> local, const global_hash& hash)
{
    std::vector<cursor> all;
    std::uint64_t state = 0;
    for (const cursor& mine : local) {
        const auto known = hash.find(mine.wall);
        if (known && goes_on(mine, known->newest, known->epoch) && known->newest != mine.last) {
            all.push_back(mine);
            state += static_cast<std::uint64_t>(number(mine.last));
        }
    }
    if (!all.empty()) {
        std::minstd_rand mix(static_cast<std::uint32_t>(state % 2'147'483'647));
        mix.discard(2);
        std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(mix() % all.size()),
                    all.end());
    }
    return all;
}

std::optional<happened> what_happened(std::span<cursor> local, const global_hash& hash)
{
    happened all = happened::nothing;
    for (cursor& mine : local) {
        const auto known = hash.find(mine.wall);
        if (!known) {
            return std::nullopt;
        }
        happened here = happened::nothing;
        if (!goes_on(mine, known->newest, known->epoch)) {
            here = known->newest == entry_id{0} ? happened::gone : happened::reset;
        } else {
            mine.epoch = known->epoch;
            here = known->newest == mine.last ? happened::nothing : happened::news;
        }
        all = std::max(all, here);
    }
    return all;
}

result<backlog_answer> read_backlog(std::span<const cursor> local, bool looked_again,
                                    const global_hash& hash, backlog& source)
{
    const auto walls = behind(local, hash);
    const auto pages = source.after(walls); // others run
    if (!pages) {
        return pages.error();
    }
    backlog_answer a;
    for (std::size_t i = 0; i < pages->size(); ++i) {
        const auto& page = (*pages)[i];
        const auto known = hash.find(walls[i].wall).value_or(head{walls[i].wall, {}, {}});
        if (!goes_on(walls[i], known.newest, known.epoch)) {
            continue; // another history began during the read: below
        }
        if (page->behind_hash || page->epoch != known.epoch) {
            a.missing.push_back(walls[i]);
        } else if (!page->json.empty()) {
            a.found.entries(known, page);
        } else if (looked_again) {
            a.found.reset(known); // entries are missing: the history says what there is
        } else {
            a.missing.push_back(walls[i]);
        }
    }
    if (pages->size() < walls.size()) {
        a.found.left_out();
    }
    for (const cursor& mine : local) {
        const auto known = hash.find(mine.wall);
        if (known && !goes_on(mine, known->newest, known->epoch)) {
            a.found.reset(*known);
        }
    }
    a.found.finish();
    return a;
}

} // namespace walls
