// What a fiber per connection costs compared with a plain epoll loop: the same echo of 64 bytes on
// many unix connections, with the same driver, alternating in one run. Prints a JSON line for each
// round: the server's CPU time per round trip. Usage: ping_pong [CONNECTIONS=5000]
// [ROUND_TRIPS=1000000] [ROUNDS=3]
#include "fibers/descriptor.hpp"
#include "fibers/scheduler.hpp"
#include "fibers/stacks.hpp"

#include <boost/fiber/fiber.hpp>

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr std::size_t message = 64;

// Both servers return when every connection has been closed by the driver.
void serve_with_fibers(const std::vector<int>& connections)
{
    fibers::reactor loop;
    fibers::scheduler::install(loop);
    fibers::stack_pool stacks(std::size_t{16} * 1024);
    std::vector<boost::fibers::fiber> all;
    for (const int fd : connections) {
        all.emplace_back(
            boost::fibers::launch::post, std::allocator_arg, stacks.get(), [&loop, fd] {
                fibers::descriptor peer(loop, fd);
                std::array<char, message> bytes{};
                ssize_t n = 1;
                while (n > 0) {
                    n = peer.read(bytes);
                    if (n > 0 && !peer.write({bytes.data(), static_cast<std::size_t>(n)})) {
                        return;
                    }
                }
            });
    }
    for (auto& fiber : all) {
        fiber.join();
    }
}

void serve_with_plain_epoll(const std::vector<int>& connections)
{
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (const int fd : connections) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
        event.data.fd = fd;
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
    std::size_t open = connections.size();
    std::array<epoll_event, 256> events{};
    std::array<char, message> bytes{};
    while (open > 0) {
        const int n = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < n; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            for (;;) {
                const ssize_t got = read(fd, bytes.data(), bytes.size());
                if (got > 0 && write(fd, bytes.data(), static_cast<std::size_t>(got)) == got) {
                    continue;
                }
                if (got == 0 || errno != EAGAIN) {
                    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
                    --open;
                }
                break;
            }
        }
    }
    close(epoll);
}

// Keeps one message under way on every connection until `round_trips` have come back.
void drive(const std::vector<int>& connections, long round_trips)
{
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    std::array<char, message> bytes{};
    for (const int fd : connections) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        event.data.fd = fd;
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        if (write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(message)) {
            std::abort();
        }
    }
    std::array<epoll_event, 256> events{};
    for (long done = 0; done < round_trips;) {
        const int n = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 10'000);
        if (n <= 0) {
            std::fputs("ping_pong: nothing for 10 s\n", stderr);
            std::abort();
        }
        for (int i = 0; i < n; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (read(fd, bytes.data(), bytes.size()) > 0) {
                ++done;
                [[maybe_unused]] const auto sent = write(fd, bytes.data(), bytes.size());
            }
        }
    }
    close(epoll);
}

double seconds(const timeval& t)
{
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

void round(const char* name, void (*serve)(const std::vector<int>&), std::size_t connections,
           long round_trips)
{
    std::vector<int> ours;
    std::vector<int> theirs;
    for (std::size_t i = 0; i < connections; ++i) {
        int both[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, both) != 0) {
            std::perror("ping_pong: socketpair (2 descriptors a connection)");
            std::exit(1);
        }
        ours.push_back(both[0]);
        theirs.push_back(both[1]);
    }
    const pid_t server = fork();
    if (server == 0) {
        for (const int fd : ours) {
            close(fd);
        }
        serve(theirs);
        _exit(0);
    }
    for (const int fd : theirs) {
        close(fd);
    }
    const auto began = std::chrono::steady_clock::now();
    drive(ours, round_trips);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    for (const int fd : ours) {
        close(fd);
    }
    rusage used{};
    int status = 0;
    wait4(server, &status, 0, &used);
    const double cpu = seconds(used.ru_utime) + seconds(used.ru_stime);
    std::printf(
        R"({"server":"%s","connections":%zu,"round_trips":%ld,"seconds":%.3f,"cpu_us_a_round_trip":%.3f})"
        "\n",
        name, connections, round_trips, took.count(), cpu / static_cast<double>(round_trips) * 1e6);
    std::fflush(stdout);
}

} // namespace

int main(int count, char** arguments)
{
    const auto argument = [&](int i, long otherwise) {
        return count > i ? std::atol(arguments[i]) : otherwise;
    };
    const auto connections = static_cast<std::size_t>(argument(1, 5'000));
    const long round_trips = argument(2, 1'000'000);
    for (long i = 0; i < argument(3, 3); ++i) {
        round("epoll", serve_with_plain_epoll, connections, round_trips);
        round("fibers", serve_with_fibers, connections, round_trips);
    }
}
