#include "bench/statement_usage.hpp"

#include <sys/resource.h>
#include <time.h>

#include <cerrno>
#include <system_error>

namespace bench {
namespace {

std::chrono::nanoseconds read(clockid_t clock)
{
    timespec t{};
    if (clock_gettime(clock, &t) != 0) {
        throw std::system_error(errno, std::generic_category(), "a clock of a process");
    }
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

} // namespace

usage usage::now(const std::vector<int>& backends)
{
    usage u;
    for (const int pid : backends) {
        clockid_t clock{};
        if (const int error = clock_getcpuclockid(pid, &clock); error != 0) {
            throw std::system_error(error, std::generic_category(), "a process of PostgreSQL");
        }
        u.postgres += read(clock);
    }
    u.all = read(CLOCK_PROCESS_CPUTIME_ID);
    u.loop = read(CLOCK_THREAD_CPUTIME_ID);
    rusage r{};
    getrusage(RUSAGE_SELF, &r);
    u.switches = r.ru_nvcsw + r.ru_nivcsw;
    return u;
}

boost::json::object between(const usage& before, const usage& after, std::size_t count)
{
    const auto us = [&](std::chrono::nanoseconds t) {
        return std::chrono::duration<double, std::micro>(t).count() / static_cast<double>(count);
    };
    const auto all = after.all - before.all;
    const auto loop = after.loop - before.loop;
    return {{"application_us", us(all)},
            {"loop_us", us(loop)},
            {"workers_us", us(all - loop)},
            {"postgres_us", us(after.postgres - before.postgres)},
            {"switches",
             static_cast<double>(after.switches - before.switches) / static_cast<double>(count)}};
}

} // namespace bench
