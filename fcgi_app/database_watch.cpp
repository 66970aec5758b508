#include "fcgi_app/database_watch.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <mutex>

namespace pollster {

using std::chrono::steady_clock;
using state = database_state;

namespace {
// Between two questions; the pauses between attempts to connect are the circuit breaker's.
constexpr std::chrono::seconds pause_between{1};
} // namespace

void database_watch::found_at_start(const std::optional<walls::db_error>& error)
{
    state_.learn(error, steady_clock::now());
    if (state_.what() == state::is::to_be_mended) {
        spdlog::error(
            "starting with a database that has to be mended, answering 503 until it is: {}",
            state_.why());
    } else if (state_.what() == state::is::away) {
        spdlog::warn("starting without the database, answering 503 until it is back: {}",
                     state_.why());
    }
}

void database_watch::looked(const std::optional<walls::db_error>& error)
{
    const bool asked_before = state_.what() != state::is::not_known;
    if (!state_.learn(error, steady_clock::now())) {
        return;
    }
    switch (state_.what()) {
    case state::is::to_be_mended:
        spdlog::error("the database has to be mended, parked polls wait: {}", state_.why());
        break;
    case state::is::away:
        spdlog::warn("the database cannot be looked at, parked polls wait: {}", state_.why());
        break;
    default:
        if (asked_before) {
            spdlog::info("the database can be looked at again");
        }
        break;
    }
}

void database_watch::start()
{
    fiber_ = boost::fibers::fiber([this] { ask_while_wrong(); });
}

void database_watch::stop()
{
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_up_.notify_all();
    fiber_.join();
}

void database_watch::ask_while_wrong()
{
    std::unique_lock lock(mutex_);
    while (!wake_up_.wait_for(lock, pause_between, [this] { return stopping_; })) {
        const bool wrong =
            state_.what() == state::is::away || state_.what() == state::is::to_be_mended;
        if (wrong && hub_.count().clients == 0) {
            lock.unlock();
            static_cast<void>(hub_.catch_up({}, {})); // looked() hears of it
            lock.lock();
        }
    }
}

} // namespace pollster
