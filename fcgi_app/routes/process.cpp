#include "fcgi_app/routes/process.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace routes {

namespace {

// Since Linux 6.2 the folder's size is their number.
std::size_t count_descriptors()
{
    struct stat folder{};
    if (stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) {
        return static_cast<std::size_t>(folder.st_size);
    }
    std::error_code error;
    const auto all = std::filesystem::directory_iterator("/proc/self/fd", error);
    const auto n = error ? 0 : std::distance(begin(all), end(all));
    return n > 0 ? static_cast<std::size_t>(n) - 1 : 0; // without the one that reads them
}

} // namespace

process_state read_process()
{
    process_state p;
    timespec cpu{};
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0) {
        p.cpu_seconds = static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) / 1e9;
    }
    std::size_t pages = 0;
    std::size_t resident = 0;
    if (std::ifstream("/proc/self/statm") >> pages >> resident) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        p.virtual_bytes = pages * page;
        p.resident_bytes = resident * page;
    }
    p.open_fds = count_descriptors();
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        p.max_fds = limit.rlim_cur;
    }
    return p;
}

} // namespace routes
