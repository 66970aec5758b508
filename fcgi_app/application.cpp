#include "fcgi_app/application.hpp"

#include "fcgi_app/adapters/park.hpp"
#include "fcgi_app/routes/receive.hpp"

#include <boost/fiber/operations.hpp>

#include <random>
#include <utility>

namespace pollster {

namespace {

constexpr std::size_t request_stack_bytes =
    std::size_t{128} * 1024; // JSON and logging; warm stacks are reused
// Of 64 KB each: what a ping waits for in a turn.
constexpr std::size_t steps_a_turn = 8;

} // namespace

application::application(fibers::reactor& loop, const config& c, const database& stored,
                         signed_tokens::rules tokens)
    : config_(c)
    , cors_(c.cors_origins)
    , request_stacks_(request_stack_bytes)
    , jitter_(std::random_device{}())
    , returns_(c.routes.returns_per_second)
    , rate_limits_(c.routes.rates, metrics_)
    , room_(c.walls.room_bytes)
    , steps_(loop, steps_a_turn)
    , access_(stored.sessions, std::move(tokens))
    , hub_({stored.feed, stored.feed.older_entries(), access_, room_, steps_, request_stacks_},
           c.walls)
    , posting_(stored.posts, c.database.connections, c.database.waiting_jobs)
    , context_{config_.routes,
               cors_,
               hub_,
               {stored.sessions, stored.posts, posting_, stored.counters},
               {room_, steps_},
               rate_limits_,
               metrics_,
               jitter_,
               returns_}
    , releases_(c.adapters.park_releases_per_second)
    , observer_(config_.fastcgi, metrics_)
    , server_(loop, request_stacks_, c.fastcgi,
              [this](fastcgi::request&& r, std::unique_ptr<fastcgi::exchange> peer) {
                  if (adapters::asks_to_park(r)) {
                      adapters::park(context_, releases_, std::move(r), std::move(peer));
                  } else {
                      routes::receive(context_, std::move(r), std::move(peer));
                  }
              },
              observer_, {&unsent_, &steps_})
{
    room_.on_wait = [this] { metrics_.answer_waits.Increment(); };
}

void application::change(const config& c, signed_tokens::rules tokens)
{
    config_ = c;
    cors_.change(c.cors_origins);
    returns_.change(c.routes.returns_per_second);
    releases_.change(c.adapters.park_releases_per_second);
    rate_limits_.change(c.routes.rates);
    room_.change(c.walls.room_bytes);
    hub_.change(c.walls);
    if (access_.change(std::move(tokens))) {
        hub_.keys_changed();
    }
    server_.change(c.fastcgi);
}

void application::start()
{
    hub_.start();
    server_timers_ = boost::fibers::fiber([this] { server_.run_timers(); });
    releasing_ = boost::fibers::fiber([this] { releases_.run(); });
}

bool application::answer_all(fibers::steady_time deadline)
{
    // Half of the time is left for what nobody has foreseen.
    const auto now = std::chrono::steady_clock::now();
    releases_.hurry(static_cast<std::size_t>(metrics_.parks_gauge.Value()), now,
                    now + (deadline - now) / 2);
    const bool answered = server_.stop(deadline, [this, deadline] {
        hub_.drain();
        // Whoever waits for the room of peers that do not read is told in time.
        if (std::chrono::steady_clock::now() + std::chrono::milliseconds(100) > deadline) {
            room_.stop();
        }
    });
    room_.stop();
    using fastcgi::server;
    const auto last = std::chrono::steady_clock::now() + server::to_end_after_cut;
    for (int turn = 0; hub_.stacks_in_use() > 0 &&
                       (turn < server::turns_after_cut || std::chrono::steady_clock::now() < last);
         ++turn) {
        hub_.drain();
        boost::this_fiber::sleep_for(std::chrono::milliseconds(1));
    }
    return answered && hub_.stacks_in_use() == 0;
}

void application::stop()
{
    hub_.stop();
    releases_.stop();
    releasing_.join();
    server_timers_.join();
}

} // namespace pollster
