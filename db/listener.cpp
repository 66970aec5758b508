#include "db/listener.hpp"

#include "db/connection.hpp"
#include "db/conninfo.hpp"
#include "text/number.hpp"

#include <pqxx/notification>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <optional>
#include <system_error>
#include <thread>

namespace db {
namespace {

using namespace std::chrono_literals;

class receiver final : public pqxx::notification_receiver {
public:
    receiver(pqxx::connection& c, const std::string& channel,
             const std::function<void(std::int64_t, int)>& heard)
        : pqxx::notification_receiver(c, channel)
        , heard_(heard)
    {
    }

    // Anybody may notify anything on the channel: what is not a number is not for us. 0: it
    // concerns all users, or those of a wall.
    void operator()(const std::string& payload, int backend) override
    {
        if (const auto number = text::parse_number<std::int64_t>(payload, 0, INT64_MAX)) {
            heard_(*number, backend);
        }
    }

private:
    const std::function<void(std::int64_t, int)>& heard_;
};

} // namespace

class listener::loop {
public:
    loop(const settings& s, events e)
        : events_(std::move(e))
        // The connection is meant to be idle; it never executes anything that could hang.
        , connection_(complete_conninfo(s.database, {s.statement_timeout, {}, "listener"}),
                      database_, meters_, patience{deadlines_, settings::longest_look})
        , stop_(::eventfd(0, EFD_CLOEXEC))
    {
        if (stop_ < 0) {
            throw std::system_error(errno, std::generic_category(), "eventfd");
        }
        thread_ = std::thread([this] { run(); });
    }

    ~loop()
    {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written =
            ::write(stop_, &one, sizeof one); // an eventfd that is 0 takes it
        deadlines_.give_up();                 // what it may be waiting for
        thread_.join();
        ::close(stop_);
    }

    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;

private:
    void run()
    {
        sigset_t all;
        sigfillset(&all); // signals belong to the thread of the event loop
        pthread_sigmask(SIG_BLOCK, &all, nullptr);

        do {
            try {
                listen();
            } catch (const std::exception&) {
                // Not reachable or lost. Looks go on without hints; their own errors are
                // logged there.
            }
            connection_.drop();
            if (up_) {
                up_ = false;
                events_.up(false);
            }
            // connection_ itself spaces out the attempts; this only asks it again.
        } while (!asked_to_stop(100ms));
    }

    // Returns when asked to stop; throws when the connection is lost.
    void listen()
    {
        auto& c = connection_.connected();
        const std::function<void(std::int64_t, int)> wall = [this](std::int64_t n, int backend) {
            events_.wall(walls::wall_id{n}, backend);
        };
        const std::function<void(std::int64_t, int)> user = [this](std::int64_t n, int) {
            events_.access(walls::user_id{n});
        };
        const channels open(connection_, c, wall, user);
        up_ = true;
        events_.up(true);
        c.get_notifs(); // what came in together with the answer to LISTEN would not wake poll()
        for (;;) {
            std::array<pollfd, 2> fds{pollfd{stop_, POLLIN, 0}, pollfd{c.sock(), POLLIN, 0}};
            if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) {
                throw std::system_error(errno, std::generic_category(), "poll");
            }
            if (fds[0].revents != 0) {
                return;
            }
            if (fds[1].revents != 0) {
                c.get_notifs();
                if (!c.is_open()) {
                    throw connection_lost("the connection of the listener was closed");
                }
            }
        }
    }

    // Both channels while it lives. LISTEN and UNLISTEN are statements, too, which may hang.
    class channels {
    public:
        channels(connection& conn, pqxx::connection& c,
                 const std::function<void(std::int64_t, int)>& wall,
                 const std::function<void(std::int64_t, int)>& user)
            : connection_(conn)
        {
            const auto in_time = connection_.call_in_time();
            walls_.emplace(c, "pollster_walls", wall);
            access_.emplace(c, "pollster_access", user);
        }
        ~channels()
        {
            const auto in_time = connection_.call_in_time();
            access_.reset();
            walls_.reset();
        }
        channels(const channels&) = delete;
        channels& operator=(const channels&) = delete;

    private:
        connection& connection_;
        std::optional<receiver> walls_;
        std::optional<receiver> access_;
    };

    bool asked_to_stop(std::chrono::milliseconds patience) const
    {
        pollfd p{stop_, POLLIN, 0};
        return ::poll(&p, 1, static_cast<int>(patience.count())) > 0;
    }

    const events events_;
    meters meters_;
    deadlines deadlines_;
    circuit_breaker database_;
    connection connection_;
    const int stop_;
    bool up_ = false; // listener's thread only
    std::thread thread_;
};

listener::listener(const settings& s, events e)
    : loop_(std::make_unique<loop>(s, std::move(e)))
{
}

listener::~listener() = default;

} // namespace db
