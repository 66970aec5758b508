// A hub with its fibers on a database that the test fills by hand, and clients that wait at it: a
// sink that notes what it is given, and can be made slow or leave.
#pragma once

#include "tests/fibers/in_loop.hpp"
#include "tests/walls/fakes.hpp"
#include "walls/delivery.hpp"
#include "walls/hub.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace walls::testing {

// What the client at the other end has seen, and how it behaves.
struct peer {
    std::vector<std::string> written;
    std::vector<ending> ended;
    std::size_t in_parts = 0;       // of `written`: those that were not in one piece
    bool stream = false;            // goes on after a write
    std::vector<std::string> stood; // where the client stood with each write: "1:7 2:3, hidden 4:0"
    std::vector<std::string> access;    // "lost 1", "gained 2"
    std::vector<access_number> numbers; // of the walls that it may see, as told
    std::optional<access_number> known; // the one that it says when it begins to wait
    int kept_alive = 0;
    std::chrono::steady_clock::time_point quiet_until =
        std::chrono::steady_clock::time_point::max();
    bool full = false;
    bool gone = false;
    bool may_wait = true;
    std::function<void()> during_wait = [] {}; // of wait_until_it_reads()
    std::function<void()> on_write = [] {};
    std::function<void()> on_keep_alive = [] {};
    std::function<void()> on_disconnect; // set while the delivery is parked

    void leave()
    {
        gone = true;
        if (on_disconnect) {
            on_disconnect();
        }
    }
    std::string all() const // written and ended, in words
    {
        std::string text;
        for (const auto& json : written) {
            text += json + ' ';
        }
        for (const ending& e : ended) {
            constexpr const char* words[] = {"time_up",    "stopping",        "gone",
                                             "signed_out", "no_wall",         "database",
                                             "too_many",   "too_many_guests", "too_many_there",
                                             "failed"};
            text += std::string(words[static_cast<int>(e.why)]) + ' ';
        }
        return text.empty() ? text : text.substr(0, text.size() - 1);
    }
};

class noting_sink {
public:
    explicit noting_sink(peer& p)
        : peer_(&p)
    {
    }

    void write(std::string_view json, const position& now)
    {
        peer_->written.emplace_back(json);
        peer_->stood.push_back(in_words(now.visible));
        if (!now.hidden.empty()) {
            peer_->stood.back() += ", hidden " + in_words(now.hidden);
        }
        peer_->on_write();
    }
    void write(std::span<std::string_view> parts, std::size_t bytes, const position& now)
    {
        std::string all;
        for (const auto part : parts) {
            all += part;
        }
        BOOST_TEST(all.size() == bytes);
        ++peer_->in_parts;
        write(all, now);
    }
    bool goes_on() const { return peer_->stream; }
    bool may_wait() const { return peer_->may_wait; }
    fibers::steady_time quiet_until() const { return peer_->quiet_until; }
    void keep_alive()
    {
        ++peer_->kept_alive;
        peer_->quiet_until = std::chrono::steady_clock::time_point::max();
        peer_->on_keep_alive();
    }
    void access_changed(std::span<const wall_id> lost, std::span<const wall_id> gained,
                        std::optional<access_number> now)
    {
        BOOST_TEST(!(lost.empty() && gained.empty() && !now));
        for (const wall_id w : lost) {
            peer_->access.push_back("lost " + std::to_string(number(w)));
        }
        for (const wall_id w : gained) {
            peer_->access.push_back("gained " + std::to_string(number(w)));
        }
        if (now) {
            peer_->numbers.push_back(*now);
        }
    }
    void end(const ending& e) { peer_->ended.push_back(e); }
    bool full() const { return peer_->full; }
    void wait_until_it_reads()
    {
        boost::this_fiber::yield();
        peer_->during_wait();
        peer_->full = false;
    }
    bool gone() const { return peer_->gone; }

    struct watching {
        explicit watching(peer& p, std::function<void()> f)
            : of(p)
        {
            of.on_disconnect = std::move(f);
            if (of.gone) {
                of.on_disconnect();
            }
        }
        ~watching() { of.on_disconnect = nullptr; }
        watching(const watching&) = delete;
        watching& operator=(const watching&) = delete;
        peer& of;
    };
    template <class F>
    auto on_disconnect(F f)
    {
        return watching(*peer_, std::move(f));
    }

private:
    static std::string in_words(std::span<const cursor> cursors)
    {
        std::string words;
        for (const cursor& c : cursors) {
            words += (words.empty() ? "" : " ") + std::to_string(number(c.wall)) + ':' +
                     std::to_string(number(c.last));
        }
        return words;
    }

    peer* peer_;
};

struct running_hub {
    using clock = std::chrono::steady_clock;

    fake_database db;
    answer_room room{std::size_t{1} << 20};
    fibers::stack_pool request_stacks{std::size_t{256} * 1024};
    fibers::step_gate steps;
    walls::settings chosen;
    std::unique_ptr<walls::hub> h;
    std::vector<std::unique_ptr<peer>> peers;

    // Looks happen when somebody has to wait for one, or look() says so; no clock has a part in it.
    explicit running_hub(fibers::reactor& loop, walls::settings s = quiet())
        : steps(loop, 8)
        , chosen(s)
        , h(std::make_unique<walls::hub>(hub::surroundings{db, db, db, room, steps, request_stacks},
                                         s))
    {
        h->start();
        db.sessions["ann"] = somebody(1);
    }
    ~running_hub()
    {
        for (int i = 0; i < 20 && h->count().clients > 0; ++i) {
            h->drain();
            fibers::testing::let_others_run();
        }
        h->drain();
        h->stop();
        fibers::testing::let_others_run();
        BOOST_TEST(h->stacks_in_use() == 0u);
    }
    running_hub(const running_hub&) = delete;
    running_hub& operator=(const running_hub&) = delete;

    static walls::settings quiet()
    {
        using namespace std::chrono_literals;
        walls::settings s;
        s.look = 1h;
        s.refresh.period = 1h;
        s.refresh.hint_gap = 0ms;
        s.max_parked_per_user = 0;
        return s;
    }

    static constexpr const char* no_token = "";

    identity_ptr who(const std::string& token)
    {
        if (token == no_token) {
            return h->authenticate_guest().value();
        }
        const std::vector<std::string> tokens{token};
        return h->authenticate(tokens).value();
    }

    // A client begins to wait, and everything that can run has run.
    peer& wait(std::vector<cursor> cursors, const std::string& token = "ann",
               clock::duration left = std::chrono::hours(1), bool stream = false)
    {
        peer& p = begin(std::move(cursors), token, left, stream);
        fibers::testing::let_others_run();
        return p;
    }
    // The same, without letting others run.
    peer& begin(std::vector<cursor> cursors, const std::string& token = "ann",
                clock::duration left = std::chrono::hours(1), bool stream = false)
    {
        peer& p = *peers.emplace_back(std::make_unique<peer>());
        p.stream = stream;
        start(p, std::move(cursors), token, left);
        return p;
    }
    void start(peer& p, std::vector<cursor> cursors, const std::string& token, clock::duration left)
    {
        using waiting = delivery<noting_sink>;
        h->run_request(
            [d = waiting(*h, who(token), std::move(cursors), p.known, clock::now() + left,
                         noting_sink(p))]() mutable { waiting::run(std::move(d)); });
    }
    // The same of one that wants to hear when it may see other walls.
    peer& wait_for_walls(std::vector<cursor> cursors, bool stream, const std::string& token = "ann")
    {
        peer& p = *peers.emplace_back(std::make_unique<peer>());
        p.stream = stream;
        p.known = access_number_of(*who(token));
        start(p, std::move(cursors), token, std::chrono::hours(1));
        fibers::testing::let_others_run();
        return p;
    }
    peer& stream(std::vector<cursor> cursors, const std::string& token = "ann")
    {
        return wait(std::move(cursors), token, std::chrono::hours(1), true);
    }

    // The database has changed, and a look brings what is new.
    void look()
    {
        h->hint();
        fibers::testing::let_others_run();
    }
    std::size_t parked() const { return h->count().parked; }
};

} // namespace walls::testing
