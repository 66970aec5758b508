#include "fcgi_app/app.hpp"

#include "db/database.hpp"
#include "db/listener.hpp"
#include "db/migrate.hpp"
#include "db/posts.hpp"
#include "fcgi_app/application.hpp"
#include "fcgi_app/config/reload.hpp"
#include "fcgi_app/database_state.hpp"
#include "fcgi_app/database_watch.hpp"
#include "fcgi_app/descriptors.hpp"
#include "fcgi_app/housekeeping.hpp"
#include "fcgi_app/log/log.hpp"
#include "fcgi_app/service_status.hpp"
#include "fcgi_app/signals.hpp"
#include "fibers/scheduler.hpp"

#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

namespace pollster {

namespace {

db::settings that_warns(db::settings s)
{
    s.warn = [](const std::string& line) { spdlog::warn("{}", line); };
    return s;
}

// Two polls long at least: whoever polls is not forgotten. A stream is asked about at each
// heartbeat, which is sooner.
std::chrono::milliseconds time_between_sweeps(const config& c)
{
    return std::max<std::chrono::milliseconds>(std::chrono::minutes(1), 2 * c.routes.poll_time);
}

// The running program: the application on its database, what is done regularly, what the log says.
class app {
public:
    app(fibers::reactor& loop, const chosen& settings,
        const std::optional<walls::db_error>& at_start)
        : loop_(loop)
        , in_force_(settings.at_start)
        , keys_in_force_(settings.tokens.known)
        , read_again_(settings.read_again)
        , database_(that_warns(in_force_.settings.database))
        , application_(loop, in_force_.settings,
                       {database_.feed(), database_.sessions(), database_.posts(), database_},
                       settings.tokens)
        , housekeeping_({application_.request_stacks(), application_.hub(), application_.room(),
                         database_.posts(), database_state_, status_},
                        time_between_sweeps(in_force_.settings))
        , watch_(application_.hub(), database_state_)
    {
        watch_.found_at_start(at_start);
        auto& hub = application_.hub();
        hub.on_look() = [this](const walls::db_error* e) { report_look(e); };
        hub.on_clock_set() = [this](walls::refresher::clock which, std::chrono::milliseconds by) {
            report_clock(which, by);
        };
    }

    bool listen(const listening_sockets& sockets)
    {
        const auto chosen = in_force_.settings.others_take_over;
        const bool others_take_over =
            chosen == config::take_over::yes ||
            (chosen == config::take_over::if_one_of_several && sockets.one_of_several);
        for (const auto& s : sockets.sockets) {
            const auto at_stop = s.handed_over() && !others_take_over ? fastcgi::newcomers::wait
                                                                      : fastcgi::newcomers::refused;
            if (!application_.listen(s.fd(), at_stop)) {
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
        watch_.start();
        const auto& database = in_force_.settings.database;
        if (database.notify) {
            listener_ = std::make_unique<db::listener>(that_warns(database), hints());
        }
    }

    void reload()
    {
        notify(reloading(std::chrono::steady_clock::now()));
        auto refused = take_new_settings();
        if (!refused.empty()) {
            spdlog::error("the settings were not reloaded, those before stay: {}", refused);
        }
        status_.reloaded(std::move(refused));
        notify("READY=1");
    }

    // False: a request still runs on a stack of this object, which must not be destroyed.
    bool stop()
    {
        listener_.reset();
        const bool ended = application_.answer_all(std::chrono::steady_clock::now() +
                                                   in_force_.settings.stop_timeout -
                                                   std::chrono::milliseconds(500));
        database_.give_up(); // also what a database that hangs would hold up for ever
        application_.stop();
        watch_.stop();
        housekeeping_.stop();
        return ended;
    }

private:
    // Not empty: nothing has changed, and why.
    std::string take_new_settings()
    {
        const auto read = read_again_();
        if (!read.errors.empty()) {
            return in_a_line(read.errors);
        }
        auto next = compare_settings(in_force_, read);
        const config& settings = next.now.settings;
        auto tokens = signed_tokens::rules_of(settings.tokens); // other keys under the same name
        if (!tokens) {
            return tokens.error().why;
        }
        if (const auto wrong = change_log(settings.log)) {
            return "log_file: " + *wrong;
        }
        if (settings.fastcgi.max_connections != in_force_.settings.fastcgi.max_connections) {
            raise_descriptor_limit(settings.fastcgi.max_connections);
        }
        if (const auto open = signed_tokens::exposed(*tokens)) {
            spdlog::warn("token_keys: {}. To do: {}", open->what, open->todo);
        }
        if (tokens->known && keys_in_force_ && !(*tokens->known == *keys_in_force_)) {
            next.changed.push_back("token_keys holds other keys, " +
                                   std::to_string(tokens->known->size()) + " in all");
        }
        keys_in_force_ = tokens->known;
        application_.change(settings, std::move(*tokens));
        housekeeping_.change(time_between_sweeps(settings));
        in_force_ = std::move(next.now);
        if (next.changed.empty()) {
            spdlog::info("the settings were reloaded: nothing that can change now is another");
        } else {
            spdlog::info("the settings were reloaded: {}", in_a_line(next.changed));
        }
        if (!next.need_restart.empty()) {
            spdlog::warn("these settings change with a restart only: {}",
                         in_a_line(next.need_restart, ", "));
        }
        return {};
    }

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
        watch_.looked(t != nullptr ? std::optional(*t) : std::nullopt);
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
            spdlog::warn(
                "the clock of this host was set by {:+.1f} s: signed tokens are judged anew",
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
    loaded in_force_;
    std::shared_ptr<const signed_tokens::keys> keys_in_force_; // null: none
    const std::function<loaded()> read_again_;
    service_status status_;
    database_state database_state_;
    db::database database_;
    application application_;
    housekeeping housekeeping_;
    database_watch watch_;
    std::unique_ptr<db::listener> listener_;
    int schema_ = 0; // that the look found last
    int histories_cut_ = 0;
    std::uint64_t unreadable_ = 0; // told so far
    std::optional<fibers::steady_time> unreadable_told_;
};

} // namespace

int run_app(const chosen& settings, const listening_sockets& sockets, int signals,
            const std::optional<walls::db_error>& at_start)
{
    fibers::reactor loop;
    fibers::scheduler::install(loop);
    signal_watch signal(signals);
    if (!loop.watch(signals, signal)) {
        spdlog::critical("cannot watch for signals");
        return 1;
    }
    app a(loop, settings, at_start);
    a.start();
    if (!a.listen(sockets)) {
        a.stop();
        return 1;
    }
    notify("READY=1");
    while (signal.next() == SIGHUP) {
        a.reload();
    }
    spdlog::info("stopping: answering what is parked");
    notify("STOPPING=1\nSTATUS=answering what is parked");
    if (!a.stop()) {
        // All state is in PostgreSQL, and who was waiting has lost the connection already.
        spdlog::warn("stopped before all requests had an answer from the database");
        spdlog::default_logger()->flush();
        std::_Exit(0);
    }
    loop.forget(signals, signal);
    spdlog::info("stopped");
    return 0;
}

} // namespace pollster
