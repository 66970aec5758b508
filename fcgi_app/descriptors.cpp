#include "fcgi_app/descriptors.hpp"

#include <spdlog/spdlog.h>

#include <sys/resource.h>

namespace pollster {

void raise_descriptor_limit(std::size_t max_connections)
{
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < max_connections + 300) {
        spdlog::warn("max_connections is {}, but this process may open only {} descriptors: raise "
                     "LimitNOFILE or lower it",
                     max_connections, limit.rlim_cur);
    }
}

} // namespace pollster
