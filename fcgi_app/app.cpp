#include "fcgi_app/app.hpp"

#include "db/listener.hpp"
#include "db/migrate.hpp"
#include "db/store.hpp"
#include "fcgi_app/answer_budget.hpp"
#include "fcgi_app/fastcgi/server.hpp"
#include "fcgi_app/housekeeping.hpp"
#include "fcgi_app/routes/poll_in_progress.hpp"
#include "fcgi_app/routes/receive.hpp"
#include "fcgi_app/routes/services.hpp"
#include "fcgi_app/server_observer.hpp"
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

db::settings that_warns(db::settings s)
{
    s.warn = [](const std::string& line) { spdlog::warn("{}", line); };
    return s;
}

// Everything below the server, in the order in which it is built; taken down in the reverse.
class app {
public:
    app(fibers::reactor& loop, const config& c)
        : loop_(loop)
        , config_(c)
        , cors_(c.cors_origins)
        , rate_limits_(c.routes.rates, metrics_)
        , store_(db::store::open(that_warns(c.database)))
        , room_(c.walls.room_bytes)
        , steps_(loop, steps_a_turn)
        , recent_(c.walls.recent)
        , parking_(hash_, presence_, c.walls.look)
        , access_(*store_)
        , refresher_({*store_, hash_, recent_, access_, presence_, parking_}, c.walls.refresh)
        , backlog_({store_->older_entries(), hash_, recent_, room_, steps_}, c.walls.backlog)
        , posting_(*store_, c.database.connections, c.database.waiting_jobs)
        , services_{c.routes, cors_,           *store_,        presence_,      hash_,
                    recent_,  parking_,        access_,        refresher_,     backlog_,
                    posting_, request_stacks_, parked_stacks_, parked_fibers_, metrics_,
                    random_,  rate_limits_,    room_,          steps_}
        , observer_(c.fastcgi, metrics_)
        , server_(loop, request_stacks_, c.fastcgi,
                  [this](fastcgi::request&& r, std::unique_ptr<fastcgi::exchange> peer) {
                      routes::receive(services_, std::move(r), std::move(peer));
                  },
                  observer_, {&unsent_, &steps_})
        , housekeeping_(
              {request_stacks_, parked_stacks_, parked_fibers_, backlog_, access_, presence_,
               parking_, room_, *store_},
              std::max<std::chrono::milliseconds>(std::chrono::minutes(1), 2 * c.routes.poll_time))
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
        housekeeping_.start();
        if (config_.database.notify) {
            listener_ = std::make_unique<db::listener>(that_warns(config_.database), hints());
        }
    }

    // False: a request still runs on a stack of this object, which must not be destroyed.
    bool stop()
    {
        listener_.reset();
        const auto deadline = std::chrono::steady_clock::now() + config_.stop_timeout -
                              std::chrono::milliseconds(500);
        parked_fibers_.stop();
        room_.stop();
        // Those who were just being compared may still park: woken until none is left.
        bool ended = server_.stop(deadline, [this] { presence_.wake_all(walls::woken::stopping); });
        ended = parked_fibers_have_ended(deadline) && ended;
        store_->give_up(); // also what a database that hangs would hold up for ever
        refresher_.stop();
        parking_.stop();
        housekeeping_.stop();
        for (auto& job : jobs_) {
            job.join();
        }
        return ended;
    }

private:
    bool parked_fibers_have_ended(fibers::steady_time deadline) const
    {
        const auto last = deadline + fastcgi::server::to_end_after_deadline;
        while (parked_stacks_.in_use() > 0 && std::chrono::steady_clock::now() < last) {
            boost::this_fiber::sleep_for(std::chrono::milliseconds(1));
        }
        return parked_stacks_.in_use() == 0;
    }

    // Called on the listener's thread: hands over to the loop.
    db::listener::events hints()
    {
        db::listener::events e;
        // A post of this process is told to its readers without a look (refresher::posted). Not so
        // what a trigger of the application wrote on another wall because of it.
        e.wall = [this](walls::wall_id wall, int backend) {
            const bool own = store_->is_own_backend(backend);
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
        const auto counters = store_->count();
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
            housekeeping_.database_clock_was_set(std::chrono::steady_clock::now());
            spdlog::warn("the clock of the database was set by {:+.1f} s: sessions end by the new "
                         "time, and nothing old is removed for a day",
                         seconds);
        } else {
            metrics_.host_clock_set.Increment();
            spdlog::warn("the clock of this host was set by {:+.1f} s: nothing here depends on it",
                         seconds);
        }
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

    fibers::reactor& loop_;
    const config& config_;
    const http::cors cors_;
    fibers::stack_pool request_stacks_{request_stack_bytes};
    fibers::stack_pool parked_stacks_{parked_stack_bytes};
    fibers::fiber_pool<routes::poll_in_progress> parked_fibers_{parked_stacks_,
                                                                routes::poll_in_progress::park};
    routes::metrics metrics_;
    std::minstd_rand random_{std::random_device{}()};
    routes::rate_limits rate_limits_;
    std::unique_ptr<db::store> store_;
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
    server_observer observer_;
    answer_budget unsent_{room_};
    fastcgi::server server_;
    housekeeping housekeeping_;
    std::unique_ptr<db::listener> listener_;
    std::vector<boost::fibers::fiber> jobs_;
    bool looking_ = true;
    int schema_ = 0; // that the look found last
    int histories_cut_ = 0;
    std::uint64_t unreadable_ = 0; // told so far
    std::optional<fibers::steady_time> unreadable_told_;
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
