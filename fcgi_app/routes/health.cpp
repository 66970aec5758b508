// What a load balancer or an operator asks of a process. /healthz: does the loop turn? /readyz:
// could this process serve a client now? That is what the last look at the database says. While
// nobody is connected there are no looks, so a probe asks for one: at most one in `recent`, however
// many probes there are, and nobody's SQL if nobody probes.
#include "fcgi_app/routes/handlers.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

namespace routes {

namespace {

using clock = std::chrono::steady_clock;

// A look that ended this long ago still counts: twice the usual time between two looks.
constexpr std::chrono::seconds recent{2};
// A hung database says nothing for some seconds; a probe would have lost its own patience by then.
constexpr std::chrono::seconds wait_for_a_look{1};

std::string seconds_text(clock::duration d)
{
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.3f", std::chrono::duration<double>(d).count());
    return digits;
}

// Begins a look if none is under way; blocks this fiber until it has ended, but not for long.
void look(context& cx)
{
    struct look_end {
        boost::fibers::mutex mutex;
        boost::fibers::condition_variable came;
        bool is_there = false;
    };
    auto end = std::make_shared<look_end>();
    cx.hub.run_request([&hub = cx.hub, end] {
        static_cast<void>(hub.look_again({})); // its report says what came of it
        const std::lock_guard lock(end->mutex);
        end->is_there = true;
        end->came.notify_all();
    });
    std::unique_lock lock(end->mutex);
    end->came.wait_for(lock, wait_for_a_look, [&] { return end->is_there; });
}

// Empty: ready.
std::string why_not(const walls::refresher::report& looks, clock::time_point now)
{
    if (looks.ended && now - *looks.ended <= recent) {
        return looks.error ? looks.error->why : std::string();
    }
    return "the database has not answered" +
           (looks.under_way
                ? " for " +
                      std::to_string(
                          std::chrono::ceil<std::chrono::seconds>(now - *looks.under_way).count()) +
                      " s"
                : std::string());
}

http::response readiness(const std::string& why, const walls::refresher::report& looks,
                         clock::time_point now)
{
    const bool ready = why.empty();
    std::string said = ready ? R"({"ready":true)" : R"({"ready":false,"why":)";
    if (!ready) {
        said += boost::json::serialize(boost::json::string(why));
    }
    said += R"(,"last_look_seconds":)";
    said += looks.succeeded ? seconds_text(now - *looks.succeeded) : "null";
    return http::response::json(said + '}', ready ? 200 : 503);
}

} // namespace

answer show_health(context&, call&)
{
    return http::response::json(R"({"healthy":true})");
}

// Its words name hosts and roles: the shipped site lets only this machine ask.
answer show_readiness(context& cx, call&)
{
    const auto ended = cx.hub.looks().ended;
    if (!cx.hub.draining() && !(ended && clock::now() - *ended <= recent)) {
        look(cx);
    }
    const auto looks = cx.hub.looks();
    const auto now = clock::now();
    return readiness(cx.hub.draining() ? "stopping" : why_not(looks, now), looks, now);
}

} // namespace routes
