#include "db/store.hpp"

#include "db/conninfo.hpp"
#include "db/pool.hpp"
#include "db/queries.hpp"
#include "passwords/hash.hpp"

#include <algorithm>
#include <functional>

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

std::size_t connections(const settings& s)
{
    return std::max<std::size_t>(s.connections, 1);
}

// For edits and deletions, and for what is neither read nor post: two, so that one that hangs does
// not stop the others.
std::size_t connections_for_little(const settings& s)
{
    return std::min<std::size_t>(connections(s), 2);
}

fibers::asker asker_of(walls::user_id user)
{
    return static_cast<fibers::asker>(number(user));
}

fibers::asker asker_of(const std::string& address)
{
    return address.empty() ? fibers::nobody : std::hash<std::string>{}(address) | 1U;
}

pool_settings for_purpose(const settings& s, const std::string& database,
                          const std::string& purpose, std::size_t count,
                          const fibers::fair_limits& of_one)
{
    pool_settings p;
    p.conninfo = complete_conninfo(database, {s.statement_timeout, {}, purpose});
    p.connections = count;
    p.limits = of_one;
    p.limits.waiting = s.waiting_jobs;
    p.patience = s.statement_timeout + settings::beyond_statement_timeout;
    return p;
}

// Statements that may not take long. The few tables of the look are read by index whatever the
// planner has heard of their size.
pool_settings for_delivery(const settings& s, const std::string& purpose,
                           const std::string& server_options)
{
    const auto timeout = std::min(s.statement_timeout, settings::longest_look);
    pool_settings p;
    p.conninfo = complete_conninfo(s.database, {timeout, server_options, purpose});
    p.limits.waiting = s.waiting_jobs;
    p.patience = timeout + settings::beyond_statement_timeout / 2;
    return p;
}

class postgres_store final : public store {
public:
    explicit postgres_store(const settings& s)
        : settings_(s)
        , looker_(s.schema_asked_every)
        , look_(for_delivery(s, "look", "-c enable_seqscan=off"), meters_, deadlines_)
        , sessions_(for_delivery(s, "sessions", {}), meters_, deadlines_)
        , posts_(for_purpose(s, s.database, "posts", connections(s), {}), meters_, deadlines_)
        , changes_(for_purpose(s, s.database, "changes", connections_for_little(s), of_user(1)),
                   meters_, deadlines_)
        , reads_(reading(s, s.database), meters_, deadlines_)
        , others_(for_purpose(s, s.database, "sign-ins", connections_for_little(s), of_user(1)),
                  meters_, deadlines_)
        , passwords_(
              std::max<std::size_t>(s.password_threads, 1),
              {.waiting = s.waiting_sign_ins, .waiting_of_one = (s.waiting_sign_ins + 1) / 2},
              fibers::worker_threads::priority::last)
        , older_(*this)
    {
        meters_.warn = s.warn;
        if (!s.database_read.empty()) {
            replica_ = std::make_unique<pool>(reading(s, s.database_read), meters_, deadlines_);
        }
    }

    ~postgres_store() override { give_up(); }
    postgres_store(const postgres_store&) = delete;
    postgres_store& operator=(const postgres_store&) = delete;

    result<walls::changes> look(std::span<const walls::wall_id> also) override
    {
        return look_.read(fibers::nobody,
                          [&](connection& conn) { return looker_.look(conn, also); });
    }

    result<std::vector<walls::page>> entries_after(std::span<const walls::cursor> cursors,
                                                   const walls::page_limits& most) override
    {
        if (cursors.empty()) {
            return std::vector<walls::page>{};
        }
        return look_.read(fibers::nobody, [&](connection& conn) {
            return db::entries_after(conn, cursors, most, looker_.seen());
        });
    }

    walls::entry_source& older_entries() override { return older_; }

    result<std::vector<walls::identity_ptr>>
    find_identities(std::span<const std::string> tokens) override
    {
        // Never from a replica: a session that was ended must not live on by lag.
        return sessions_.read(fibers::nobody,
                              [&](connection& conn) { return db::find_identities(conn, tokens); });
    }

    result<std::optional<signed_in>> sign_in(const std::string& name, const std::string& password,
                                             const std::string& from) override
    {
        const auto asker = asker_of(from);
        if (passwords_.waiting() >= settings_.waiting_sign_ins) {
            return too_busy(fibers::refusal::full); // without a question that would be in vain
        }
        const auto stored =
            others_.read(asker, [&](connection& conn) { return db::password_of(conn, name); });
        if (!stored) {
            return stored.error();
        }
        const auto fits = verify(asker, password, *stored);
        if (!fits) {
            return fits.error();
        }
        if (!*fits) {
            return std::optional<signed_in>();
        }
        return others_.write(asker_of(stored->user), [&](connection& conn) {
            return db::add_session(conn, *stored, settings_.session_lifetime,
                                   settings_.max_sessions_per_user);
        });
    }

    result<bool> sign_out(const std::string& session_id) override
    {
        return others_.write(fibers::nobody,
                             [&](connection& conn) { return db::sign_out(conn, session_id); });
    }

    result<allowed<std::vector<wall_summary>>> walls_of(const reader& asker) override
    {
        return read(asker_of(asker.user),
                    [&](connection& conn) { return db::walls_of(conn, asker, looker_.seen()); });
    }

    result<allowed<history>> posts_before(const reader& asker, walls::wall_id wall,
                                          std::optional<walls::entry_id> before,
                                          std::size_t limit) override
    {
        return read(asker_of(asker.user), [&](connection& conn) {
            return db::posts_before(conn, asker, wall, before, {limit, settings_.page_bytes},
                                    looker_.seen());
        });
    }

    result<allowed<history>> search(const reader& asker, const search_query& wanted) override
    {
        return read(asker_of(asker.user), [&](connection& conn) {
            return db::search(conn, asker, wanted, settings_.page_bytes, looker_.seen());
        });
    }

    result<allowed<std::int64_t>> mark_read(const reader& asker, walls::wall_id wall,
                                            walls::entry_id entry) override
    {
        return others_.write(asker_of(asker.user), [&](connection& conn) {
            return db::mark_read(conn, asker, wall, entry);
        });
    }

    std::vector<result<post_outcome>> add_posts(std::span<const new_post> posts) override
    {
        std::vector<std::optional<post_outcome>> outcomes(posts.size());
        const auto done = posts_.write(fibers::nobody, [&](connection& conn) {
            db::add_posts(conn, posts, outcomes);
            // Asked after the commit, so that nothing that was committed before it is missed. What
            // the first of them knew is the oldest.
            std::vector<own_entry> own;
            for (std::size_t i = 0; i < posts.size(); ++i) {
                if (auto* placed = outcomes[i] ? entry_of(*outcomes[i]) : nullptr) {
                    own.push_back({posts[i].wall, placed});
                }
            }
            const bool changed =
                after_commit(conn, posts.front().access_known, own, looker_.seen());
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
                answers.emplace_back(walls::db_error{
                    walls::db_error_kind::unavailable,
                    "a post was committed, but what the database tells of it cannot be read"});
            }
        }
        return answers;
    }

    result<change_outcome> change_post(const post_change& change) override
    {
        return changes_.write(asker_of(change.author.user), [&](connection& conn) {
            auto outcome = db::change_post(conn, change);
            if (auto* placed = entry_of(outcome)) {
                const own_entry own[] = {{change.wall, placed}};
                const bool changed = after_commit(conn, change.access_known, own, looker_.seen());
                if (auto* done = std::get_if<post_changed>(&outcome)) {
                    done->access_changed = changed;
                }
            }
            return outcome;
        });
    }

    // In bounded pieces, each a job of its own, so that no transaction is long and nobody waits for
    // all of them; what is left after these waits for the next time.
    result<std::size_t> clean_up() override
    {
        constexpr std::size_t batch = 5'000;
        std::size_t removed = 0;
        for (int round = 0; round < 100; ++round) {
            const auto n = others_.write(
                fibers::nobody, [](connection& conn) { return db::clean_up(conn, batch); });
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

    void give_up() override { deadlines_.give_up(); }

    counters count() const override
    {
        counters c;
        c.statements = meters_.statements;
        c.connects = meters_.connects;
        c.failures = meters_.failures;
        c.given_up = meters_.given_up;
        for (const pool* p : {&look_, &sessions_, &posts_, &changes_, &reads_, &others_}) {
            c.waiting += p->waiting();
        }
        c.waiting += replica_ ? replica_->waiting() : 0;
        c.waiting_sign_ins = passwords_.waiting();
        c.password_work = password_work_;
        c.schema = looker_.schema();
        c.histories_cut = looker_.histories_cut();
        c.unreadable = meters_.unreadable;
        const std::lock_guard lock(meters_.mutex);
        c.unreadable_why = meters_.unreadable_why;
        return c;
    }

    bool is_own_backend(int pid) const override { return meters_.own.contains(pid); }

private:
    // Entries that clients ask for who were away.
    class older final : public walls::entry_source {
    public:
        explicit older(postgres_store& all)
            : all_(all)
        {
        }
        result<std::vector<walls::page>> entries_after(std::span<const walls::cursor> cursors,
                                                       const walls::page_limits& most) override
        {
            if (cursors.empty()) {
                return std::vector<walls::page>{};
            }
            return all_.read(fibers::nobody, [&](connection& conn) {
                return db::entries_after(conn, cursors, most, all_.looker_.seen());
            });
        }

    private:
        postgres_store& all_;
    };

    fibers::fair_limits of_user(std::size_t running) const
    {
        return {.waiting_of_one = std::max<std::size_t>(settings_.waiting_of_user, 1),
                .running_of_one = running};
    }

    // One user has at most half of the connections at a time.
    pool_settings reading(const settings& s, const std::string& database) const
    {
        const std::size_t n = connections(s);
        return for_purpose(s, database, "reads", n, of_user(std::max<std::size_t>(n / 2, 1)));
    }

    result<bool> verify(fibers::asker from, const std::string& password,
                        const stored_password& stored)
    {
        if (!stored.hash.empty() && !passwords::work_of(stored.hash)) {
            settings_.warn("the password of user " + std::to_string(number(stored.user)) +
                           " is stored in a way that is not verified here, sign-in refused");
        }
        const auto done = passwords_.run(from, [&](std::size_t) {
            if (deadlines_.gave_up()) {
                return false; // the program stops, nobody hears the answer
            }
            password_work_ +=
                passwords::work_of(passwords::to_run(stored.hash, stored.stand_in)).value_or(0);
            return passwords::verify(password, stored.hash, stored.stand_in) && !stored.disabled;
        });
        if (const auto* refused = std::get_if<fibers::refusal>(&done)) {
            return too_busy(*refused);
        }
        return std::get<bool>(done);
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
    // known to be there is there. In any doubt and after any error from the primary. A replica that
    // has a post has the revocations that were committed before it; a session or membership that it
    // does not know may only be newer than what it has.
    template <class Question>
    auto read(fibers::asker from, Question question)
        -> result<std::invoke_result_t<Question&, connection&>>
    {
        if (replica_ && looker_.seen_upto() != 0) {
            using answer = std::invoke_result_t<Question&, connection&>;
            auto from_replica =
                replica_->read(from, [&](connection& conn) -> std::optional<answer> {
                    if (!has_replayed(conn, looker_.seen_upto(), looker_.history())) {
                        return std::nullopt;
                    }
                    return question(conn);
                });
            if (from_replica && *from_replica && !is_denied(**from_replica)) {
                return std::move(**from_replica);
            }
        }
        return reads_.read(from, std::move(question));
    }

    const settings settings_;
    meters meters_;
    deadlines deadlines_;
    looker looker_;
    std::atomic<std::uint64_t> password_work_{0};
    pool look_;
    pool sessions_;
    pool posts_;
    pool changes_;
    pool reads_;
    pool others_;
    fibers::worker_threads passwords_;
    std::unique_ptr<pool> replica_;
    older older_;
};

} // namespace

std::size_t store::most_connections(const settings& s)
{
    constexpr std::size_t look_sessions_and_listener = 3;
    return look_sessions_and_listener + 2 * connections_for_little(s) + 2 * connections(s);
}

std::unique_ptr<store> store::open(const settings& s)
{
    return std::make_unique<postgres_store>(s);
}

} // namespace db
