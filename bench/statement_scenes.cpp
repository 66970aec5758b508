#include "bench/statement_scenes.hpp"

#include "fibers/descriptor.hpp"
#include "fibers/timer_wheel.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include <array>
#include <csignal>
#include <cstring>
#include <deque>
#include <memory>
#include <random>

namespace bench {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

// Runs `what` in a process of its own, which ends with this one.
template <class What>
pid_t in_a_process(What what)
{
    const pid_t pid = fork();
    if (pid < 0) {
        throw std::system_error(errno, std::generic_category(), "fork");
    }
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        what();
        _exit(0);
    }
    return pid;
}

void sleep_until(clock_type::time_point when)
{
    const auto ns = when.time_since_epoch() / 1ns;
    const timespec t{static_cast<time_t>(ns / 1'000'000'000),
                     static_cast<long>(ns % 1'000'000'000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr) == EINTR) {
    }
}

std::chrono::nanoseconds thread_time()
{
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

struct parked_timer final : fibers::timer {
    fibers::timer_wheel* wheel = nullptr;
    void on_time() override { wheel->enter(*this, clock_type::now() + 25s); }
};

} // namespace

struct idle_timers::parts {
    explicit parts(std::size_t count)
        : timers(count)
    {
        std::size_t i = 0;
        for (auto& t : timers) {
            t.wheel = &wheel;
            wheel.enter(t,
                        clock_type::now() + 25s * static_cast<int>(++i) / static_cast<int>(count));
        }
    }
    void turn()
    {
        while (!stopping) {
            while (wheel.turn(clock_type::now(), 1'000)) {
            }
            boost::this_fiber::sleep_until(wheel.next_step());
        }
    }

    fibers::timer_wheel wheel{100ms, 512, clock_type::now()};
    std::deque<parked_timer> timers;
    bool stopping = false;
    boost::fibers::fiber fiber{[this] { turn(); }};
};

idle_timers::idle_timers(std::size_t count)
    : parts_(new parts(count))
{
}

idle_timers::~idle_timers()
{
    parts_->stopping = true;
    parts_->fiber.join();
    delete parts_;
}

void deliver(fibers::stack_pool& stacks, int readers, std::chrono::nanoseconds each)
{
    for (int i = 0; i < readers; ++i) {
        boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg, stacks.get(), [each] {
            const auto until = thread_time() + each;
            while (thread_time() < until) {
            }
        }).detach();
    }
}

void receive_posts(fibers::reactor& loop, fibers::stack_pool& stacks, int a_second,
                   std::chrono::seconds time, const std::function<void(sent_at, int)>& on_post)
{
    int both[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) != 0) {
        throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    const auto seed = static_cast<unsigned>(both[0] + a_second); // the same for all ways
    const pid_t sender = in_a_process([&] {
        std::minstd_rand random(seed);
        std::exponential_distribution<double> gap(a_second);
        const auto end = clock_type::now() + time;
        auto next = clock_type::now();
        for (;;) {
            next += std::chrono::duration_cast<clock_type::duration>(
                std::chrono::duration<double>(gap(random)));
            if (next > end) {
                return;
            }
            sleep_until(next);
            const auto now = clock_type::now().time_since_epoch().count();
            if (write(both[1], &now, sizeof now) != sizeof now) {
                return;
            }
        }
    });
    close(both[1]);
    fcntl(both[0], F_SETFL, O_NONBLOCK);
    fibers::descriptor from(loop, both[0]);
    std::deque<boost::fibers::fiber> posts;
    std::array<char, 512> bytes{}; // whole posts: the sender writes 8 bytes at a time
    for (ssize_t n = 0; (n = from.read(bytes)) > 0;) {
        for (std::size_t at = 0; at < static_cast<std::size_t>(n); at += sizeof(std::int64_t)) {
            std::int64_t ticks = 0;
            std::memcpy(&ticks, bytes.data() + at, sizeof ticks);
            const sent_at sent{clock_type::duration(ticks)};
            posts.emplace_back(boost::fibers::launch::post, std::allocator_arg, stacks.get(),
                               [&on_post, sent, number = static_cast<int>(posts.size())] {
                                   on_post(sent, number);
                               });
        }
    }
    for (auto& post : posts) {
        post.join();
    }
    waitpid(sender, nullptr, 0);
}

} // namespace bench
