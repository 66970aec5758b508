#include "db/connection.hpp"

#include "db/conninfo.hpp"
#include "db/misconfigured.hpp"
#include "db/session_settings.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <functional>
#include <string_view>
#include <system_error>

namespace db {

using walls::db_error_kind;

namespace {

constexpr std::chrono::milliseconds time_for_code{3000};
constexpr std::chrono::minutes plans_last{10};

// No server answered: to ask again would take as long. (In another language it takes as long.)
bool is_silence(const std::exception& e)
{
    return std::string_view(e.what()).find("timeout expired") != std::string_view::npos;
}

} // namespace

void backends::add(int pid)
{
    const std::lock_guard lock(mutex_);
    pids_.push_back(pid);
}

void backends::remove(int pid)
{
    const std::lock_guard lock(mutex_);
    std::erase(pids_, pid);
}

bool backends::contains(int pid) const
{
    const std::lock_guard lock(mutex_);
    return std::find(pids_.begin(), pids_.end(), pid) != pids_.end();
}

connection::connection(std::string conninfo, circuit_breaker& database, meters& m,
                       std::optional<patience> p)
    : conninfo_(std::move(conninfo))
    , database_(database)
    , meters_(m)
    , patience_(p)
{
}

pqxx::connection& connection::connected()
{
    if (connection_ && idle_connection_died()) {
        drop();
    }
    if (connection_) {
        return *connection_;
    }
    if (patience_ && patience_->all.gave_up()) {
        throw db_exception({db_error_kind::unavailable, "stopping"});
    }
    if (auto why = database_.refuse(circuit_breaker::clock::now())) {
        throw db_exception(std::move(*why));
    }
    try {
        ++meters_.connects;
        connection_ = connect();
    } catch (const std::exception& e) {
        drop();
        auto why = why_not_connected(e);
        database_.failed(circuit_breaker::clock::now(), why);
        throw db_exception(std::move(why));
    }
    database_.worked();
    connected_at_ = std::chrono::steady_clock::now();
    plans_until_ = connected_at_ + meters_.first_plans_last;
    ++generation_;
    meters_.own.add(connection_->backendpid());
    return *connection_;
}

// The code of a refusal costs one more attempt, so what is known of the same words is not asked
// again.
walls::db_error connection::why_not_connected(const std::exception& e)
{
    const std::string words = one_line(e.what());
    std::string state = sqlstate_of(e); // of a statement that was to prepare the connection
    if (state.empty() && !is_silence(e)) {
        if (words != refused_with_ || refused_state_.empty()) {
            refused_state_ = sqlstate_of_refusal(conninfo_, time_for_code);
            refused_with_ = words;
        }
        state = refused_state_;
    }
    const auto advice = advice_on_connecting(state);
    if (advice.empty()) {
        return {db_error_kind::unavailable, "cannot connect to the database: " + words};
    }
    return {db_error_kind::misconfigured,
            std::string(advice) + ": " + words + " (SQLSTATE " + state + ")"};
}

// A transaction_timeout of a role may end the session before it is told not to, while it begins
// already. A lost connection does not say of which version the server was, hence server_version_.
std::unique_ptr<pqxx::connection> connection::connect()
{
    try {
        return connect(conninfo_);
    } catch (const pqxx::failure& e) {
        const auto again = conninfo_for(conninfo_, server_version_);
        if (again == conninfo_ || is_silence(e)) {
            throw;
        }
        const auto refused = std::current_exception();
        try {
            return connect(again);
        } catch (const pqxx::broken_connection&) { // a server before 17 does not know the setting
            std::rethrow_exception(refused);
        }
    }
}

// Bounded by libpq itself (connect_timeout in db/conninfo.cpp).
std::unique_ptr<pqxx::connection> connection::connect(const std::string& conninfo)
{
    auto fresh = std::make_unique<pqxx::connection>(conninfo);
    server_version_ = fresh->server_version();
    prepare(*fresh);
    return fresh;
}

// What a connection gets before its first statement, in time.
void connection::prepare(pqxx::connection& fresh)
{
    if (socket_ >= 0) {
        ::close(socket_);
    }
    socket_ = ::fcntl(fresh.sock(), F_DUPFD_CLOEXEC, 0);
    if (socket_ < 0) {
        throw std::system_error(errno, std::generic_category(), "a second descriptor");
    }
    std::optional<deadlines::call> in_time;
    if (patience_) {
        in_time.emplace(patience_->all, socket_, patience_->each);
    }
    try {
        set_session(fresh);
    } catch (const pqxx::failure& e) {
        if (in_time && in_time->given_up()) { // to begin anew would take as long again
            throw db_exception({db_error_kind::timed_out, one_line(e.what())});
        }
        throw;
    }
}

void connection::forget_old_plans(std::chrono::steady_clock::time_point now)
{
    if (!connection_ || now < plans_until_) {
        return;
    }
    const auto age = now - connected_at_;
    plans_until_ = now + std::min<std::chrono::steady_clock::duration>(age, plans_last);
    try {
        exec("discard plans");
    } catch (const connection_lost&) {
        return; // a new one has none
    } catch (const pqxx::sql_error&) {
        return; // cancelled, or a pooler does not take it: they stay
    }
}

std::string connection::prepared_name(const std::string& sql)
{
    return "pollster_" + std::to_string(std::hash<std::string>{}(sql));
}

// PostgreSQL's manual, appendix A. 0A000: a view was replaced, and the columns of an answer have
// other types now ("cached plan must not change result type"; the message is in the server's
// language).
bool connection::is_about_preparing(const pqxx::sql_error& e, const std::string& name)
{
    const std::string& state = e.sqlstate();
    if (state == "0A000") {
        prepared_.erase(name);
        connection_->unprepare(name);
        return true;
    }
    if (state == "26000" || state == "42P05") { // it knows no such name, or has it from another
        meters_.prepares = false;
        return true;
    }
    return false;
}

void connection::note_unreadable(const std::exception& e)
{
    ++meters_.unreadable;
    const std::lock_guard lock(meters_.mutex);
    meters_.unreadable_why = describe(e).why;
}

void connection::drop() noexcept
{
    if (connection_) {
        meters_.own.remove(connection_->backendpid());
        connection_.reset();
        prepared_.clear();
    }
    if (socket_ >= 0) {
        ::close(socket_);
        socket_ = -1;
    }
}

void connection::give_up()
{
    drop();
    if (patience_->all.gave_up()) {
        throw db_exception({db_error_kind::unavailable, "stopping"});
    }
    ++meters_.given_up;
    const std::string why =
        "no answer from the database within " + std::to_string(patience_->each.count()) + " ms";
    meters_.warn("a connection was given up: " + why);
    throw db_exception({db_error_kind::timed_out, why + ": the connection was given up"});
}

// Between statements the server has nothing to say, except that it ends the connection. Seeing that
// before a statement is sent makes a restarted database harmless also for writes, which must not be
// sent twice. (Rarely it announces a changed setting, which then costs a new connection.)
bool connection::idle_connection_died() const
{
    pollfd p{connection_->sock(), POLLIN, 0};
    return p.fd < 0 || ::poll(&p, 1, 0) != 0;
}

} // namespace db
