// With reuseport a second nginx can listen on the same port, and nothing complains: the kernel
// gives each a share of the connections.
#include "fcgi_app/cli/doctor/nginx_checks.hpp"

#include <map>
#include <set>

namespace pollster::doctor {

void check_second_nginx(const nginx_view& nginx, const facts& f, std::vector<finding>& found)
{
    std::set<unsigned short> ours;
    for (const auto* s : nginx.our_sites()) {
        for (const auto& l : s->listens) {
            ours.insert(l.port);
        }
    }
    std::map<unsigned short, std::map<pid_t, std::string>> by_port;
    for (const auto& o : f.owners) {
        if (ours.contains(o.port)) {
            by_port[o.port].emplace(o.master, o.program);
        }
    }
    for (const auto& [port, programs] : by_port) {
        if (programs.size() < 2) {
            continue;
        }
        std::string all;
        for (const auto& [pid, program] : programs) {
            all += (all.empty() ? "" : ", ") + program + " (process " + std::to_string(pid) + ")";
        }
        found.push_back({"second-nginx",
                         "port " + std::to_string(port) + " is served by " +
                             std::to_string(programs.size()) +
                             " programs, each of which gets some "
                             "of the connections: " +
                             all,
                         "stop all but the one that `systemctl status nginx` shows"});
    }
}

} // namespace pollster::doctor
