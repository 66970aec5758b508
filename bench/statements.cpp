// What a prepared statement costs a fiber that asks it in three ways (bench/statement_ways.hpp),
// alternating in one run. Prints a JSON line for each way in each round. Usage: bench_statements
// DATABASE [SECONDS=1] [TAIL_SECONDS=3] [ROUNDS=3]; the database is that of bench/rig.py's
// make_people().
#include "bench/percentiles.hpp"
#include "bench/statement_questions.hpp"
#include "bench/statement_scenes.hpp"
#include "bench/statement_usage.hpp"
#include "bench/statement_ways.hpp"
#include "db/conninfo.hpp"
#include "fibers/scheduler.hpp"
#include "text/number.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

// As db::settings has it for posts, and for reads.
constexpr std::size_t connections = 4;
constexpr int most_fibers = 64;
// A post of 100 a second reaches 150 of 15,000 readers, for some 26 us each: 40 % of a core.
constexpr int posts_a_second = 100;
constexpr int readers = 150;
constexpr auto delivery = 26us;
constexpr std::size_t parked_polls = 15'000;

double us_since(clock_type::time_point then)
{
    return std::chrono::duration<double, std::micro>(clock_type::now() - then).count();
}

struct contestant {
    std::string name;
    std::unique_ptr<bench::way> way;
    bool waits_for_disk = true;  // its commits
    std::vector<int> backends{}; // all, once they are connected
};

class rounds {
public:
    rounds(const std::string& database, std::chrono::seconds each, std::chrono::seconds tail)
        : each_(each)
        , tail_(tail)
        , questions_(conninfo(database, "bench"))
    {
        const auto& asked = questions_.statements();
        for (const bool waits : {true, false}) {
            const auto of = [&](std::string name) {
                return conninfo(database, name + (waits ? "" : " off"));
            };
            ways_.push_back(
                {"threads", bench::on_worker_threads(of("threads"), connections), waits});
            ways_.push_back(
                {"loop", bench::in_the_loop(loop_, of("loop"), connections, asked), waits});
            ways_.push_back(
                {"pipeline", bench::in_a_pipeline(loop_, of("pipeline"), asked), waits});
        }
        ways_.push_back(
            {"loop, one each",
             bench::in_the_loop(loop_, conninfo(database, "loop, one each"), most_fibers, asked)});
        for (auto& c : ways_) {
            warm_up(c);
        }
    }

    void closed()
    {
        for (const auto& kind : questions_.kinds()) {
            for (const int fibers : {1, 8, most_fibers}) {
                for (auto& c : ways_) {
                    if (c.waits_for_disk &&
                        (fibers > static_cast<int>(connections) || &c != &ways_.back())) {
                        closed(c, kind, fibers);
                    }
                }
            }
        }
    }

    void open()
    {
        const bench::idle_timers parked(parked_polls);
        for (const char* scene : {"idle", "deliveries"}) {
            for (auto& c : ways_) {
                if (&c != &ways_.back()) {
                    open(c, scene);
                }
            }
        }
    }

private:
    // Everything is connected, prepared and, after five executions, planned for good.
    void warm_up(contestant& c)
    {
        if (!c.waits_for_disk) {
            ask(*c.way, questions_.without_disk(), most_fibers, 200ms);
        }
        for (const auto& kind : questions_.kinds()) {
            questions_.news();
            ask(*c.way, kind, most_fibers, 200ms);
        }
        c.backends = questions_.backends("pollster " + c.name + (c.waits_for_disk ? "" : " off"));
    }

    static std::string conninfo(const std::string& database, const std::string& name)
    {
        return db::complete_conninfo(database, {5000ms, "-c enable_seqscan=off", name});
    }

    // Each fiber asks again as soon as it is answered. Latencies in us.
    std::vector<double> ask(bench::way& way, const bench::questions::kind& kind, int fibers,
                            clock_type::duration time)
    {
        std::vector<double> took;
        std::vector<boost::fibers::fiber> all;
        const auto end = clock_type::now() + time;
        for (int f = 0; f < fibers; ++f) {
            all.emplace_back(boost::fibers::launch::post, std::allocator_arg, stacks_.get(),
                             [&, f] {
                                 do {
                                     const auto began = clock_type::now();
                                     way.run(kind.next(f));
                                     took.push_back(us_since(began));
                                 } while (clock_type::now() < end);
                             });
        }
        for (auto& fiber : all) {
            fiber.join();
        }
        return took;
    }

    void closed(const contestant& c, const bench::questions::kind& kind, int fibers)
    {
        questions_.news();
        ask(*c.way, kind, fibers, 100ms); // caches and clock are this one's
        const auto before = bench::usage::now(c.backends);
        const auto began = clock_type::now();
        auto took = ask(*c.way, kind, fibers, each_);
        const double seconds = us_since(began) / 1e6;
        const auto count = took.size();
        auto line = bench::between(before, bench::usage::now(c.backends), count);
        line["statement"] = kind.name;
        line["fibers"] = fibers;
        line["a_second"] = static_cast<double>(count) / seconds;
        print(c, std::move(line), std::move(took));
    }

    void open(const contestant& c, const std::string& scene)
    {
        questions_.news();
        std::vector<double> took;
        const auto before = bench::usage::now(c.backends);
        bench::receive_posts(loop_, stacks_, posts_a_second, tail_, [&](auto sent, int number) {
            c.way->run(questions_.whole_post(number % most_fibers));
            took.push_back(us_since(sent));
            if (scene != "idle") {
                bench::deliver(stacks_, readers, delivery);
            }
        });
        boost::this_fiber::sleep_for(20ms); // the last deliveries
        auto line = bench::between(before, bench::usage::now(c.backends), took.size());
        line["scene"] = scene;
        line["waits_for_disk"] = c.waits_for_disk;
        line["posts"] = took.size();
        print(c, std::move(line), std::move(took));
    }

    static void print(const contestant& c, boost::json::object line, std::vector<double> took)
    {
        line["way"] = c.name;
        line["latency_us"] = bench::to_json(bench::percentiles_of(std::move(took)));
        std::puts(boost::json::serialize(line).c_str());
        std::fflush(stdout);
    }

    const std::chrono::seconds each_;
    const std::chrono::seconds tail_;
    fibers::reactor& loop_ = *fibers::scheduler::loop();
    fibers::stack_pool stacks_{std::size_t{128} * 1024};
    bench::questions questions_;
    std::vector<contestant> ways_;
};

} // namespace

int main(int argc, char** argv)
try {
    const auto number = [&](int at, int otherwise) {
        return argc > at ? text::parse_number<int>(argv[at], 1, 1'000) : otherwise;
    };
    const auto seconds = number(2, 1);
    const auto tail = number(3, 3);
    const auto count = number(4, 3);
    if (argc < 2 || !seconds || !tail || !count) {
        std::fputs("bench_statements DATABASE [SECONDS=1] [TAIL_SECONDS=3] [ROUNDS=3]\n", stderr);
        return 2;
    }
    fibers::reactor loop;
    fibers::scheduler::install(loop);
    rounds all(argv[1], std::chrono::seconds(*seconds), std::chrono::seconds(*tail));
    for (int i = 0; i < *count; ++i) {
        all.closed();
        all.open();
    }
} catch (const std::exception& e) {
    std::fprintf(stderr, "bench_statements: %s\n", e.what());
    return 1;
}
