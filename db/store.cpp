#include "db/store.hpp"

#include "db/conninfo.hpp"
#include "db/pool.hpp"
#include "db/queries.hpp"

#include <algorithm>
#include <mutex>

namespace db {
namespace {

// The entry that an outcome tells of, if it tells of one.
template <class... Outcome>
placed_entry* entry_of(std::variant<Outcome...>& outcome)
{
    return std::visit(
        [](auto& o) -> placed_entry* {
            if constexpr (std::is_base_of_v<placed_entry, std::decay_t<decltype(o)>>) {
                return &o;
            } else {
                return nullptr;
            }
        },
        outcome);
}

class postgres_store final : public store {
public:
    explicit postgres_store(const settings& s)
        : session_lifetime_(s.session_lifetime)
        , page_bytes_(s.page_bytes)
        , looker_(s.schema_asked_every)
        // The look has a connection of its own, so that a flood of requests cannot delay it. Its
        // few tables are read by index whatever the planner has heard of their size.
        , look_(complete_conninfo(s.database, {s.statement_timeout, "-c enable_seqscan=off"}), 1,
                s.waiting_jobs, meters_)
        , primary_(complete_conninfo(s.database, {s.statement_timeout, {}}), connections(s),
                   s.waiting_jobs, meters_)
    {
        if (!s.database_read.empty()) {
            replica_ = std::make_unique<pool>(
                complete_conninfo(s.database_read, {s.statement_timeout, {}}), connections(s),
                s.waiting_jobs, meters_);
        }
    }

    result<walls::changes> look(std::span<const walls::wall_id> also) override
    {
        return look_.read([&](link& l) { return looker_.look(l, also); });
    }

    result<std::vector<walls::page>> entries_after(std::span<const walls::cursor> cursors,
                                                   const walls::page_limits& most) override
    {
        if (cursors.empty()) {
            return std::vector<walls::page>{};
        }
        return read([&](link& l) { return db::entries_after(l, cursors, most, looker_.seen()); });
    }

    result<std::vector<walls::identity_ptr>> who(std::span<const std::string> tokens) override
    {
        // Never from a replica: a session that was ended must not live on by lag.
        return primary_.read([&](link& l) { return db::who(l, tokens); });
    }

    result<std::optional<signed_in>> sign_in(const std::string& name,
                                             const std::string& password) override
    {
        return primary_.write(
            [&](link& l) { return db::sign_in(l, name, password, session_lifetime_); });
    }

    result<bool> sign_out(const std::string& session_id) override
    {
        return primary_.write([&](link& l) { return db::sign_out(l, session_id); });
    }

    result<allowed<std::vector<wall_summary>>> walls_of(const reader& who) override
    {
        return read([&](link& l) { return db::walls_of(l, who, looker_.seen()); });
    }

    result<allowed<history>> posts_before(const reader& who, walls::wall_id wall,
                                          std::optional<walls::entry_id> before,
                                          std::size_t limit) override
    {
        return read([&](link& l) {
            return db::posts_before(l, who, wall, before, {limit, page_bytes_}, looker_.seen());
        });
    }

    result<allowed<history>> search(const reader& who, const wanted_words& wanted) override
    {
        return read(
            [&](link& l) { return db::search(l, who, wanted, page_bytes_, looker_.seen()); });
    }

    result<allowed<std::int64_t>> mark_read(const reader& who, walls::wall_id wall,
                                            walls::entry_id entry) override
    {
        return primary_.write([&](link& l) { return db::mark_read(l, who, wall, entry); });
    }

    std::vector<result<post_outcome>> add_posts(std::span<const new_post> posts) override
    {
        std::vector<std::optional<post_outcome>> outcomes(posts.size());
        const auto done = primary_.write([&](link& l) {
            db::add_posts(l, posts, outcomes);
            // Asked after the commit, so that nothing that was committed before it is missed. What
            // the first of them knew is the oldest.
            std::vector<own_entry> own;
            for (std::size_t i = 0; i < posts.size(); ++i) {
                if (auto* placed = outcomes[i] ? entry_of(*outcomes[i]) : nullptr) {
                    own.push_back({posts[i].wall, placed});
                }
            }
            const bool changed = after_commit(l, posts.front().access_known, own, looker_.seen());
            for (auto& outcome : outcomes) {
                if (auto* created = outcome ? std::get_if<post_created>(&*outcome) : nullptr) {
                    created->access_changed = changed;
                }
            }
            return true;
        });
        std::vector<result<post_outcome>> answers;
        answers.reserve(posts.size());
        for (auto& outcome : outcomes) {
            if (outcome) {
                answers.emplace_back(std::move(*outcome));
            } else if (done.has_error()) {
                answers.emplace_back(done.error());
            } else {
                answers.emplace_back(walls::trouble{
                    walls::trouble_kind::unavailable,
                    "a post was committed, but what the database tells of it cannot be read"});
            }
        }
        return answers;
    }

    result<change_outcome> change_post(const post_change& change) override
    {
        return primary_.write([&](link& l) {
            auto outcome = db::change_post(l, change);
            if (auto* placed = entry_of(outcome)) {
                const own_entry own[] = {{change.wall, placed}};
                const bool changed = after_commit(l, change.access_known, own, looker_.seen());
                if (auto* done = std::get_if<post_changed>(&outcome)) {
                    done->access_changed = changed;
                }
            }
            return outcome;
        });
    }

    result<std::size_t> clean_up() override
    {
        return primary_.write([](link& l) { return db::clean_up(l); });
    }

    counters count() const override
    {
        return {meters_.statements,
                meters_.connects,
                meters_.failures,
                look_.waiting() + primary_.waiting() + (replica_ ? replica_->waiting() : 0),
                looker_.schema(),
                looker_.histories_cut()};
    }

    bool is_own_backend(int pid) const override { return meters_.own.contains(pid); }

private:
    static std::size_t connections(const settings& s)
    {
        return std::max<std::size_t>(s.connections, 1);
    }

    template <class Answer>
    static bool is_denied(const Answer&)
    {
        return false;
    }
    template <class T>
    static bool is_denied(const allowed<T>& answer)
    {
        return std::holds_alternative<denied>(answer);
    }

    // From the replica if it has everything that the last look saw on the primary, so that what is
    // known to be there is there. In any doubt and any trouble from the primary. A replica that has
    // a post has the revocations that were committed before it; a session or membership that it
    // does not know may only be newer than what it has.
    template <class Question>
    auto read(Question question) -> result<std::invoke_result_t<Question&, link&>>
    {
        if (replica_ && looker_.seen_upto() != 0) {
            using answer = std::invoke_result_t<Question&, link&>;
            auto from_replica = replica_->read([&](link& l) -> std::optional<answer> {
                if (!has_replayed(l, looker_.seen_upto(), looker_.history())) {
                    return std::nullopt;
                }
                return question(l);
            });
            if (from_replica && *from_replica && !is_denied(**from_replica)) {
                return std::move(**from_replica);
            }
        }
        return primary_.read(std::move(question));
    }

    const std::chrono::seconds session_lifetime_;
    const std::size_t page_bytes_;
    meters meters_;
    looker looker_;
    pool look_;
    pool primary_;
    std::unique_ptr<pool> replica_;
};

} // namespace

std::unique_ptr<store> store::open(const settings& s)
{
    return std::make_unique<postgres_store>(s);
}

} // namespace db
