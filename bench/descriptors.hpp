// A program that holds many connections: as many descriptors as its hard limit allows. Any thread.
#pragma once

#include <sys/resource.h>

namespace bench {

inline void open_as_many_descriptors_as_allowed()
{
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
}

} // namespace bench
