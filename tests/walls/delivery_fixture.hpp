// What the tests of deliveries share: a hub for each, what a client has seen in words, and what
// happens to it. No clock decides: what happens between two steps of a delivery is done by the fake
// database in the middle of a look or a read, by the sink in the middle of a wait, or by the test
// between two turns.
#pragma once

#include "tests/walls/hub_fixture.hpp"

#include <boost/fiber/operations.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace walls::testing {

using fibers::testing::in_loop;
using fibers::testing::let_others_run;
using namespace std::chrono_literals;

template <class Body>
void with_hub(Body body, walls::settings s = running_hub::quiet())
{
    in_loop([&](fibers::reactor& loop) {
        running_hub t(loop, s);
        body(t);
    });
}

// Where a deadline has to pass by itself, the parking looks at its clock.
inline walls::settings ticking()
{
    auto s = running_hub::quiet();
    s.look = 20ms;
    return s;
}

// The entries of an answer: "1:7 1:8" (wall:entry), "1:reset 5", and " more" if there is more.
inline std::string in_words(const std::string& json)
{
    std::string words;
    std::string wall;
    for (std::size_t i = 0; i < json.size();) {
        const auto rest = std::string_view(json).substr(i);
        const auto number_at = [&](std::size_t from) {
            return std::to_string(std::stoll(std::string(rest.substr(from))));
        };
        if (rest.starts_with(R"({"id":)")) {
            words += (words.empty() ? "" : " ") + wall + ":" + number_at(6);
        } else if (rest.starts_with(R"("reset":true,"newest":)")) {
            words += (words.empty() ? "" : " ") + wall + ":reset " + number_at(22);
        } else if (rest.starts_with(R"("more":true)")) {
            words += " more";
        } else if (rest.starts_with('"')) {
            const auto quote = rest.find('"', 1);
            if (rest.substr(quote + 1).starts_with(R"(:{"posts":)")) {
                wall = rest.substr(1, quote - 1);
            }
        }
        ++i;
    }
    return words;
}

inline std::string seen_by(const peer& p)
{
    std::string all;
    for (const auto& json : p.written) {
        all += (all.empty() ? "" : ", ") + in_words(json);
    }
    peer only_ended;
    only_ended.ended = p.ended;
    const auto ended = only_ended.all();
    return all + (all.empty() || ended.empty() ? "" : ", ") + ended;
}

// This process committed the newest post of wall 1.
inline void publish(running_hub& t, const std::string& body = "hi", bool access_changed = false)
{
    t.db.add(1, body);
    const auto before = t.h->about_to_publish();
    const entry e = t.db.feed[1].back();
    t.h->published({e, wall_id{1}, wall_epoch{1}, access_changed, before.outdated});
}

// Waits until the clock has passed the deadline, without letting anything else run.
inline void block_the_loop(std::chrono::milliseconds time)
{
    std::this_thread::sleep_for(time);
}

inline void until(const std::function<bool()>& condition)
{
    while (!condition()) {
        boost::this_fiber::sleep_for(1ms);
    }
}

} // namespace walls::testing
