// What the kernel says about a process: memory and CPU time. Throws std::runtime_error when it has
// ended.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>

namespace bench {

// Resident memory, everything included (Rss of /proc/PID/smaps_rollup). Slow for a large process:
// the kernel walks its pages.
std::size_t resident_bytes(pid_t pid);
// The most that was resident since forget_peak() (proc(5): clear_refs).
void forget_peak(pid_t pid);
std::size_t peak_bytes(pid_t pid);

// Page tables (VmPTE), which Rss does not count although they use memory, too.
std::size_t page_table_bytes(pid_t pid);

std::chrono::nanoseconds cpu_time(pid_t pid); // user and system, of all its threads

// What the whole machine is doing; next to a figure it shows how far to trust it.
double load_average();

// One line each for a report: processor and number, memory, kernel.
std::string machine();

} // namespace bench
