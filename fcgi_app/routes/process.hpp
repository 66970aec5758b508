// What this process costs its host, as the kernel says it. Any thread; some microseconds, or 0.1 µs
// for each open descriptor before Linux 6.2.
#pragma once

#include <cstddef>

namespace routes {

struct process_state {
    double cpu_seconds = 0; // user and system, of all threads
    std::size_t resident_bytes = 0;
    std::size_t virtual_bytes = 0;
    std::size_t open_fds = 0;
    std::size_t max_fds = 0;
};
// What cannot be found out is 0.
process_state read_process();

} // namespace routes
