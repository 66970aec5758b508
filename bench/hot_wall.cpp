// How many posts per second one wall takes: each in its own commit, compared with waiting posts
// committed in groups, alternating in one run with the same store, posters and texts. Prints a JSON
// line for each round. Usage: bench_hot_wall DATABASE [POSTERS=256] [SECONDS=5] [ROUNDS=3]; users 1
// to POSTERS may write on wall 1.
#include "db/database.hpp"
#include "db/post_groups.hpp"
#include "fibers/scheduler.hpp"
#include "text/number.hpp"

#include <boost/fiber/fiber.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;
using poster = std::function<db::answer<db::written_entry>(db::new_post)>;

struct measured {
    std::vector<double> latencies_ms; // of acknowledged posts
    std::size_t failed = 0;
    double seconds = 0;
};

// As bench/rig.py makes them.
std::string session_of(int user)
{
    std::string token = "session-of-" + std::to_string(user) + '-';
    token.resize(43, '0');
    return token;
}

// Each poster writes its next post when the last one is acknowledged, under a key of its own.
measured post_for(std::chrono::seconds time, int posters, const std::string& round,
                  const poster& post)
{
    measured m;
    const auto begin = clock_type::now();
    std::vector<boost::fibers::fiber> all;
    for (int user = 1; user <= posters; ++user) {
        all.emplace_back([&, user] {
            const std::string text =
                "what people say in a chat, some sixty bytes of it, on average";
            for (int i = 0; clock_type::now() - begin < time; ++i) {
                const auto sent = clock_type::now();
                db::new_post next; // as one braced list, GCC 12 at -O3 takes it for uninitialized
                next.wall = walls::wall_id{1};
                next.author.session_id = session_of(user);
                next.author.user = walls::user_id{user};
                next.body = text;
                next.client_key = round + '-' + std::to_string(user) + '-' + std::to_string(i);
                const auto outcome = post(std::move(next));
                if (outcome && outcome->is_new) {
                    const std::chrono::duration<double, std::milli> took = clock_type::now() - sent;
                    m.latencies_ms.push_back(took.count());
                } else {
                    ++m.failed;
                }
            }
        });
    }
    for (auto& fiber : all) {
        fiber.join();
    }
    m.seconds = std::chrono::duration<double>(clock_type::now() - begin).count();
    return m;
}

void print(const char* mode, measured m)
{
    std::sort(m.latencies_ms.begin(), m.latencies_ms.end());
    const auto n = m.latencies_ms.size();
    std::printf("{\"mode\": \"%s\", \"posts\": %zu, \"failed\": %zu, \"posts_a_second\": %.1f, "
                "\"p50_ms\": %.2f, \"p99_ms\": %.2f}\n",
                mode, n, m.failed, static_cast<double>(n) / m.seconds,
                n == 0 ? 0 : m.latencies_ms[n / 2], n == 0 ? 0 : m.latencies_ms[n * 99 / 100]);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv)
{
    const auto number = [&](int at, int otherwise) {
        return argc > at ? text::parse_number<int>(argv[at], 1, 1'000'000) : otherwise;
    };
    const auto posters = number(2, 256);
    const auto seconds = number(3, 5);
    const auto rounds = number(4, 3);
    if (argc < 2 || !posters || !seconds || !rounds) {
        std::fputs("bench_hot_wall DATABASE [POSTERS=256] [SECONDS=5] [ROUNDS=3]\n", stderr);
        return 2;
    }
    const std::chrono::seconds time(*seconds);

    fibers::reactor loop;
    fibers::scheduler::install(loop);
    db::settings settings;
    settings.database = argv[1];
    db::database database(settings);
    db::posts& posts = database.posts();
    db::post_groups groups(posts, settings.connections - 1, settings.waiting_jobs);
    for (int round = 1; round <= *rounds; ++round) {
        const std::string name = std::to_string(getpid()) + '-' + std::to_string(round);
        print("one commit each", post_for(time, *posters, "each-" + name,
                                          [&](const auto& post) { return posts.add_post(post); }));
        print("grouped", post_for(time, *posters, "grouped-" + name,
                                  [&](auto post) { return groups.add(std::move(post)); }));
    }
}
