// How many polls nginx's workers can hold: each takes two connections, and each connection a
// descriptor.
#include "fcgi_app/cli/doctor/nginx_checks.hpp"

#include "text/number.hpp"

namespace pollster::doctor {

namespace {

constexpr long by_default = 512;     // nginx's worker_connections
constexpr long for_thousand = 2'500; // docs/OPERATIONS.md, "Sizes": 1,000 clients

long number_of(const directive* d, long otherwise)
{
    return d == nullptr ? otherwise
                        : text::parse_number<long>(d->argument(1), 0, 1L << 31).value_or(otherwise);
}

} // namespace

void check_descriptors(const nginx_view& nginx, const facts& f, std::vector<finding>& found)
{
    if (nginx.handovers.empty()) {
        return;
    }
    const auto* set = nginx.events("worker_connections");
    const auto connections = number_of(set, by_default);
    const auto workers = static_cast<long>(nginx.workers(f.cores));
    const auto place = set == nullptr ? nginx.tree.front().file : set->place();
    if (connections < for_thousand) {
        found.push_back({"worker-connections",
                         place + ": worker_connections is " + std::to_string(connections) + ": " +
                             std::to_string(workers) +
                             (workers == 1 ? " worker holds " : " workers hold ") +
                             std::to_string(workers * connections / 2) +
                             " parked polls, and refuse what comes beyond",
                         "worker_connections 65536; in events { } of " + nginx.tree.front().file});
    }
    const auto* files = nginx.main("worker_rlimit_nofile");
    const auto descriptors = number_of(files, f.worker_files.value_or(1024));
    if (descriptors < connections) {
        found.push_back({"descriptors",
                         (files == nullptr ? nginx.tree.front().file + ": a worker may open "
                                           : files->place() + ": a worker may open ") +
                             std::to_string(descriptors) + " descriptors, but " +
                             std::to_string(connections) + " connections",
                         "worker_rlimit_nofile 65536; at the top of " + nginx.tree.front().file});
    }
}

} // namespace pollster::doctor
