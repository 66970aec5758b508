#include "db/postgres_posts.hpp"

#include "db/queries.hpp"

namespace db {

answer<std::vector<wall_summary>> postgres_posts::walls_of(const reader& asker)
{
    return reads_.ask(call::walls, asker_of(asker.user),
                      [&](connection& conn) { return db::walls_of(conn, asker, look_.seen()); });
}

answer<std::vector<wall_summary>> postgres_posts::walls_read(const reader& asker,
                                                             std::span<const walls::wall_id> walls)
{
    return reads_.ask(call::walls, asker_of(asker.user), [&](connection& conn) {
        return db::walls_read(conn, asker, walls, look_.seen());
    });
}

answer<history> postgres_posts::posts_before(const reader& asker, walls::wall_id wall,
                                             std::optional<walls::entry_id> before,
                                             std::size_t limit)
{
    return reads_.ask(call::history, asker_of(asker.user), [&](connection& conn) {
        return db::posts_before(conn, asker, wall, before, {limit, page_bytes_}, look_.seen());
    });
}

answer<history> postgres_posts::search(const reader& asker, const search_query& wanted)
{
    return reads_.ask(call::search, asker_of(asker.user), [&](connection& conn) {
        return db::search(conn, asker, wanted, page_bytes_, look_.seen());
    });
}

answer<std::int64_t> postgres_posts::mark_read(const reader& asker, walls::wall_id wall,
                                               walls::entry_id entry)
{
    return pools_.sign_ins.write(call::mark_read, asker_of(asker.user), [&](connection& conn) {
        return db::mark_read(conn, asker, wall, entry);
    });
}

std::vector<answer<written_entry>> postgres_posts::add_posts(std::span<const new_post> group)
{
    std::vector<std::optional<answer<written_entry>>> committed(group.size());
    const auto done = pools_.posts.write(call::posts, fibers::nobody, [&](connection& conn) {
        db::add_posts(conn, group, !look_.is_alone(std::chrono::steady_clock::now()), committed);
        // Asked after the commit, so that nothing that was committed before it is missed. What the
        // first of them knew is the oldest.
        std::vector<own_entry> own;
        for (std::size_t i = 0; i < group.size(); ++i) {
            if (committed[i] && committed[i]->has_value()) {
                own.push_back({group[i].wall, &**committed[i]});
            }
        }
        const bool changed = after_commit(conn, group.front().access_known, own, look_.seen());
        for (const own_entry& o : own) {
            o.what->access_changed = changed;
        }
        return true;
    });
    std::vector<answer<written_entry>> answers;
    answers.reserve(group.size());
    for (auto& one : committed) {
        if (one) {
            answers.push_back(std::move(*one));
        } else if (done.has_error()) {
            answers.emplace_back(done.error());
        } else {
            answers.emplace_back(walls::db_error{
                walls::db_error_kind::unavailable,
                "a post was committed, but what the database tells of it cannot be read"});
        }
    }
    return answers;
}

answer<written_entry> postgres_posts::change_post(const post_change& change)
{
    return pools_.changes.write(call::change, asker_of(change.author.user), [&](connection& conn) {
        auto made = db::change_post(conn, change);
        if (made) {
            const own_entry own[] = {{change.wall, &*made}};
            made->access_changed = after_commit(conn, change.access_known, own, look_.seen());
        }
        return made;
    });
}

// In bounded pieces, each a job of its own, so that no transaction is long and nobody waits for
// all of them; what is left after these waits for the next time.
result<std::size_t> postgres_posts::clean_up()
{
    constexpr std::size_t batch = 5'000;
    std::size_t removed = 0;
    for (int round = 0; round < 100; ++round) {
        const auto n = pools_.sign_ins.write(call::clean_up, fibers::nobody, [](connection& conn) {
            return db::clean_up(conn, batch);
        });
        if (!n) {
            return n.error();
        }
        removed += *n;
        if (*n < batch) {
            break;
        }
    }
    return removed;
}

} // namespace db
