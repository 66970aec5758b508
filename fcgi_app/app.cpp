#include "fcgi_app/app.hpp"

#include "db/database.hpp"
#include "db/listener.hpp"
#include "db/migrate.hpp"
#include "db/posts.hpp"
#include "fcgi_app/application.hpp"
#include "fcgi_app/housekeeping.hpp"
#include "fibers/scheduler.hpp"

#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <optional>
#include <utility>

namespace pollster {

namespace {

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

// The running program: the application on its database, what is done regularly, what the log says.
class app {
public:
    app(fibers::reactor& loop, const config& c)
        : loop_(loop)
        , config_(c)
        , database_(that_warns(c.database))
        , application_(loop, c,
                       {database_.feed(), database_.sessions(), database_.posts(), database_})
        , housekeeping_(
              {application_.request_stacks(), application_.hub(), application_.room(),
               database_.posts()},
              std::max<std::chrono::milliseconds>(std::chrono::minutes(1), 2 * c.routes.poll_time))
    {
        auto& hub = application_.hub();
        hub.on_look() = [this](const walls::db_error* e) { report_look(e); };
        hub.on_clock_set() = [this](walls::refresher::clock which, std::chrono::milliseconds by) {
            report_clock(which, by);
        };
    }

    bool listen(const listening_sockets& sockets)
    {
        for (const auto& s : sockets.sockets) {
            if (!application_.listen(s.fd())) {
                spdlog::critical("cannot watch {}", s.name());
                return false;
            }
            spdlog::info("listening on {}", s.name());
        }
        return true;
    }

    void start()
    {
        application_.start();
        housekeeping_.start();
        if (config_.database.notify) {
            listener_ = std::make_unique<db::listener>(that_warns(config_.database), hints());
        }
    }

    // False: a request still runs on a stack of this object, which must not be destroyed.
    bool stop()
    {
        listener_.reset();
        const bool ended =
            application_.answer_all(std::chrono::steady_clock::now() + config_.stop_timeout -
                                    std::chrono::milliseconds(500));
        database_.give_up(); // also what a database that hangs would hold up for ever
        application_.stop();
        housekeeping_.stop();
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
                if (!own || !application_.posting().posts_to(wall)) {
                    application_.hub().hint();
                }
            });
        };
        e.access = [this](walls::user_id) { loop_.post([this] { application_.hub().hint(); }); };
        e.up = [this](bool up) {
            spdlog::info(up ? "notifications arrive"
                            : "notifications are interrupted: looking twice as often");
            loop_.post([this, up] { application_.hub().hints_arrive(up); });
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
            application_.metrics().database_clock_set.Increment();
            housekeeping_.database_clock_was_set(std::chrono::steady_clock::now());
            spdlog::warn("the clock of the database was set by {:+.1f} s: sessions end by the new "
                         "time, and nothing old is removed for a day",
                         seconds);
        } else {
            application_.metrics().host_clock_set.Increment();
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
    db::database database_;
    application application_;
    housekeeping housekeeping_;
    std::unique_ptr<db::listener> listener_;
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
