// The processes that a process has started and that still run, as Linux tells it
// (/proc/PID/task/TID/children; proc(5)). Any thread.
#pragma once

#include <vector>

#include <sys/types.h>

// Direct children of every thread of `parent`; none if there is no such process.
std::vector<pid_t> children_of(pid_t parent);
