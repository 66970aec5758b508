// Where connections wait that come faster than they are accepted, and which worker accepts them.
#include "fcgi_app/cli/doctor/nginx_checks.hpp"

namespace pollster::doctor {

namespace {

constexpr long by_default = 511; // nginx's
constexpr long enough = 4'096;   // Linux's own limit, if nobody raises it
constexpr long shipped = 65'535;

} // namespace

void check_backlog(const nginx_view& nginx, const facts& f, std::vector<finding>& found)
{
    for (const auto* s : nginx.our_sites()) {
        for (const auto& own : s->listens) {
            if (own.port == 0) {
                continue; // a unix socket
            }
            const auto l = nginx.all_of(own.address);
            const auto backlog = l.backlog.value_or(by_default);
            if (backlog >= 0 && backlog < enough) {
                found.push_back({"backlog",
                                 s->at->place() + ": " + std::to_string(backlog) +
                                     " connections to " + l.address +
                                     " may wait; when all clients come back at once, others fail",
                                 "listen ... backlog=65535;"});
            }
            if (!l.reuseport && nginx.workers(f.cores) > 1) {
                found.push_back({"reuseport",
                                 s->at->place() + ": " + l.address +
                                     " is shared by the workers without reuseport, so one takes "
                                     "most connections and runs out of them",
                                 "listen ... reuseport;"});
            }
        }
    }
    if (f.somaxconn < shipped) {
        found.push_back({"somaxconn",
                         "net.core.somaxconn is " + std::to_string(f.somaxconn) +
                             ", which limits every backlog: of more connections at once some get "
                             "502",
                         "sysctl -w net.core.somaxconn=65535 (and a file in /etc/sysctl.d)"});
    }
}

} // namespace pollster::doctor
