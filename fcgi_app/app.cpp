#include "fcgi_app/app.hpp"

#include "db/database.hpp"
#include "db/feed.hpp"
#include "db/listener.hpp"
#include "db/migrate.hpp"
#include "fcgi_app/routes/poll_in_progress.hpp"
#include "fcgi_app/routes/services.hpp"
#include "fcgi_app/server.hpp"
#include "fibers/scheduler.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>

namespace pollster {

namespace {

constexpr std::size_t request_stack_bytes =
    std::size_t{128} * 1024; // JSON and logging; warm stacks are reused
// Of 64 KB each: what a ping waits for in a turn.
constexpr std::size_t steps_a_turn = 8;
constexpr std::size_t parked_stack_bytes =
    std::size_t{16} * 1024; // fibers/README.md says how this was measured

// Wakes the main fiber when a signal asks the server to stop.
class stop_watch final : public fibers::watcher {
public:
    void on_ready(std::uint32_t) override { asked_.wake(); }
    void wait() { asked_.sleep(); }

private:
    fibers::sleeper asked_;
};

db::settings database_settings(const config& c)
{
    db::settings s;
    s.database = c.database;
    s.database_read = c.database_read;
    s.connections = c.database_connections;
    s.waiting_jobs = c.database_waiting_jobs;
    s.waiting_of_user = c.database_waiting_jobs_per_user;
    s.password_threads = c.password_threads;
    s.waiting_sign_ins = c.waiting_sign_ins;
    s.max_sessions_per_user = c.max_sessions_per_user;
    s.warn = [](const std::string& line) { spdlog::warn("{}", line); };
    s.statement_timeout = c.statement_timeout_ms;
    s.session_lifetime = std::chrono::hours(24) * c.session_days;
    s.notify = c.notify;
    s.page_bytes = c.history_bytes;
    return s;
}

walls::backlog::limits backlog_limits(const config& c)
{
    walls::backlog::limits l;
    l.entries = c.page_entries;
    l.answer_bytes = c.answer_bytes;
    l.wall_bytes = std::min(c.wall_bytes, c.answer_bytes);
    l.kept_bytes = c.max_answer_bytes / 8;
    return l;
}

walls::recent_entries::limits recent_limits(const config& c)
{
    walls::recent_entries::limits l;
    l.bytes = c.recent_bytes;
    return l;
}

routes::settings route_settings(const config& c)
{
    routes::settings s;
    s.poll_time = c.poll_seconds;
    s.poll_spread = std::min<std::chrono::milliseconds>(std::chrono::seconds(5), s.poll_time / 12);
    s.page_bytes = c.history_bytes;
    s.max_parked = c.max_parked;
    s.max_parked_per_user = c.rate_limits ? c.max_parked_per_user : 0;
    s.session_lifetime = std::chrono::hours(24) * c.session_days;
    using cookies = routes::settings::cookies;
    s.secure_cookie = c.secure_cookie == secure_cookies::on    ? cookies::secure
                      : c.secure_cookie == secure_cookies::off ? cookies::plain
                                                               : cookies::as_request;
    return s;
}

routes::rate_settings rate_settings(const config& c)
{
    if (!c.rate_limits) {
        return {};
    }
    return {c.user_polls_per_second,        c.address_polls_per_second,
            c.user_posts_per_second,        c.address_posts_per_second,
            c.user_reads_per_second,        c.address_reads_per_second,
            c.address_sign_ins_per_minute,  c.address_refusals_per_second,
            c.sign_in_longest_delay_seconds};
}

// Everything below the server, in the order in which it is built; taken down in the reverse.
class app {
public:
    app(fibers::reactor& loop, const config& c)
        : loop_(loop)
        , config_(c)
        , route_settings_(route_settings(c))
        , cors_(c.cors_origins)
        , rate_limits_(rate_settings(c), metrics_)
        , database_(database_settings(c))
        , room_(c.max_answer_bytes)
        , steps_(loop, steps_a_turn)
        , recent_(recent_limits(c))
        , parking_(hash_, presence_, c.look_ms)
        , access_(database_.sessions())
        , refresher_({database_.feed(), hash_, recent_, access_, presence_, parking_},
                     {c.refresh_ms,
                      std::chrono::milliseconds(20),
                      {c.page_entries, c.wall_bytes, c.answer_bytes}})
        , backlog_({database_.feed().older_entries(), hash_, recent_, room_, steps_},
                   backlog_limits(c))
        , posting_(database_.posts(), c.database_connections, c.database_waiting_jobs)
        , services_{route_settings_,
                    cors_,
                    database_.posts(),
                    database_.sessions(),
                    database_,
                    presence_,
                    hash_,
                    recent_,
                    parking_,
                    access_,
                    refresher_,
                    backlog_,
                    posting_,
                    request_stacks_,
                    parked_stacks_,
                    parked_fibers_,
                    metrics_,
                    random_,
                    rate_limits_,
                    room_,
                    steps_}
        , server_(loop, c, services_)
    {
        room_.on_wait = [this] { metrics_.answer_waits.Increment(); };
        refresher_.on_look = [this](const walls::db_error* t) { report_look(t); };
        refresher_.on_clock_set = [this](walls::refresher::clock which,
                                         std::chrono::milliseconds by) { report_clock(which, by); };
    }

    bool listen(const listening_sockets& sockets)
    {
        for (const auto& s : sockets.sockets) {
            if (!server_.listen(s.fd())) {
                spdlog::critical("cannot watch {}", s.name());
                return false;
            }
            spdlog::info("listening on {}", s.name());
        }
        return true;
    }

    void start()
    {
        jobs_.push_back(boost::fibers::fiber([this] { refresher_.run(); }));
        jobs_.push_back(boost::fibers::fiber([this] { parking_.run(); }));
        jobs_.push_back(boost::fibers::fiber([this] { server_.run_timers(); }));
        jobs_.push_back(boost::fibers::fiber([this] { look_after_things(); }));
        if (config_.notify) {
            listener_ = std::make_unique<db::listener>(database_settings(config_), hints());
        }
    }

    // False: a request still runs on a stack of this object, which must not be destroyed.
    bool stop()
    {
        listener_.reset();
        const bool ended =
            server_.stop(std::chrono::steady_clock::now() + config_.stop_timeout_seconds -
                         std::chrono::milliseconds(500));
        database_.give_up(); // also what a database that hangs would hold up for ever
        refresher_.stop();
        parking_.stop();
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_up_.notify_all();
        for (auto& job : jobs_) {
            job.join();
        }
        return ended;
    }

private:
    // Called on the listener's thread: hands over to the loop.
    db::listener::events hints()
    {
        db::listener::events e;
        // A post of this process is told to its readers without a look (refresher::posted). Not so
        // what a trigger of the application wrote on another wall because of it.
        e.wall = [this](walls::wall_id wall, int backend) {
            const bool own = database_.is_own_backend(backend);
            loop_.post([this, wall, own] {
                if (!own || !posting_.posts_to(wall)) {
                    refresher_.hint();
                }
            });
        };
        e.access = [this](walls::user_id) { loop_.post([this] { refresher_.hint(); }); };
        e.up = [this](bool up) {
            spdlog::info(up ? "notifications arrive"
                            : "notifications are interrupted: looking twice as often");
            loop_.post([this, up] { refresher_.hints_arrive(up); });
        };
        return e;
    }

    void report_look(const walls::db_error* t)
    {
        if (t != nullptr && looking_) {
            spdlog::warn("the database cannot be looked at, parked polls wait: {}", t->why);
        } else if (t == nullptr && !looking_) {
            spdlog::info("the database can be looked at again");
        }
        looking_ = t == nullptr;
        const auto counters = database_.count();
        report_schema(counters.schema);
        if (counters.histories_cut > std::exchange(histories_cut_, counters.histories_cut)) {
            spdlog::warn("the database is another and may lack entries that were seen: a new "
                         "history begins, every client reads its walls anew");
        }
        report_unreadable(counters);
    }

    // Once a minute at most: it lasts until somebody mends the row.
    void report_unreadable(const db::counters& counters)
    {
        const auto now = std::chrono::steady_clock::now();
        if (counters.unreadable == unreadable_ ||
            (unreadable_told_ && now - *unreadable_told_ < std::chrono::minutes(1))) {
            return;
        }
        spdlog::warn("a row behind a view of the contract cannot be read and is passed over, {} "
                     "more times: {}",
                     counters.unreadable - unreadable_, counters.unreadable_why);
        unreadable_ = counters.unreadable;
        unreadable_told_ = now;
    }

    void report_clock(walls::refresher::clock which, std::chrono::milliseconds by)
    {
        const double seconds = static_cast<double>(by.count()) / 1000;
        if (which == walls::refresher::clock::database) {
            metrics_.database_clock_set.Increment();
            database_clock_set_ = std::chrono::steady_clock::now();
            spdlog::warn("the clock of the database was set by {:+.1f} s: sessions end by the new "
                         "time, and nothing old is removed for a day",
                         seconds);
        } else {
            metrics_.host_clock_set.Increment();
            spdlog::warn("the clock of this host was set by {:+.1f} s: nothing here depends on it",
                         seconds);
        }
    }

    // What is old is removed for good, so only by a clock that nobody has just set.
    bool time_is_certain() const
    {
        return !database_clock_set_ ||
               std::chrono::steady_clock::now() - *database_clock_set_ > std::chrono::hours(24);
    }

    // Once for each version: it changes under a running server when an operator migrates.
    void report_schema(int found)
    {
        if (found == schema_) {
            return;
        }
        schema_ = found;
        if (const auto other = db::other_schema(found); !other.empty()) {
            spdlog::warn("running on with another schema: {}", other);
        }
    }

    // Once a minute: what is no longer used goes; once an hour, and only if anybody was here: old
    // keys and sessions.
    void look_after_things()
    {
        std::unique_lock lock(mutex_);
        for (unsigned minute = 1;; ++minute) {
            const auto wait = std::max<std::chrono::milliseconds>(std::chrono::minutes(1),
                                                                  2 * route_settings_.poll_time);
            if (wake_up_.wait_for(lock, wait, [this] { return stopping_; })) {
                return;
            }
            access_.sweep();
            if (minute % 60 == 0 && presence_.clients() > 0 && time_is_certain()) {
                if (const auto cleaned = database_.posts().clean_up(); !cleaned) {
                    spdlog::warn("old keys and sessions were not removed: {}", cleaned.error().why);
                }
            }
        }
    }

    fibers::reactor& loop_;
    const config& config_;
    const routes::settings route_settings_;
    const http::cors cors_;
    fibers::stack_pool request_stacks_{request_stack_bytes};
    fibers::stack_pool parked_stacks_{parked_stack_bytes};
    fibers::fiber_pool<routes::poll_in_progress> parked_fibers_{parked_stacks_,
                                                                routes::poll_in_progress::park};
    routes::metrics metrics_;
    std::minstd_rand random_{std::random_device{}()};
    routes::rate_limits rate_limits_;
    db::database database_;
    walls::presence presence_;
    walls::global_hash hash_;
    walls::answer_room room_;
    fibers::step_gate steps_;
    walls::recent_entries recent_;
    walls::parking parking_;
    walls::access_cache access_;
    walls::refresher refresher_;
    walls::backlog backlog_;
    db::post_groups posting_;
    routes::services services_;
    server server_;
    std::unique_ptr<db::listener> listener_;
    std::vector<boost::fibers::fiber> jobs_;
    bool looking_ = true;
    int schema_ = 0; // that the look found last
    int histories_cut_ = 0;
    std::uint64_t unreadable_ = 0; // told so far
    std::optional<fibers::steady_time> unreadable_told_;
    std::optional<fibers::steady_time> database_clock_set_; // by somebody, while this ran
    bool stopping_ = false;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable wake_up_;
};

} // namespace

int run_app(const config& settings, const listening_sockets& sockets, int stop_signal)
{
    fibers::reactor loop;
    fibers::scheduler::install(loop);
    stop_watch signal;
    if (!loop.watch(stop_signal, signal)) {
        spdlog::critical("cannot watch for signals");
        return 1;
    }
    app a(loop, settings);
    a.start();
    if (!a.listen(sockets)) {
        a.stop();
        return 1;
    }
    sd_notify(0, "READY=1");
    signal.wait();
    spdlog::info("stopping: answering what is parked");
    sd_notify(0, "STOPPING=1");
    if (!a.stop()) {
        // All state is in PostgreSQL, and who was waiting has lost the connection already.
        spdlog::warn("stopped before all requests had an answer from the database");
        spdlog::default_logger()->flush();
        std::_Exit(0);
    }
    loop.forget(stop_signal, signal);
    spdlog::info("stopped");
    return 0;
}

} // namespace pollster
