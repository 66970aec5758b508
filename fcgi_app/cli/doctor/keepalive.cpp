// Connections between nginx and Pollster are kept: it takes two directives, and one alone does
// nothing.
#include "fcgi_app/cli/doctor/nginx_checks.hpp"

#include <algorithm>

namespace pollster::doctor {

void check_keepalive(const nginx_view& nginx, const facts&, std::vector<finding>& found)
{
    const std::string costs = ", so each poll opens a new connection to Pollster";
    for (const auto& h : nginx.handovers) {
        const auto* keeps = h.in_force("fastcgi_keep_conn");
        if (keeps == nullptr || keeps->argument(1) != "on") {
            found.push_back(
                {"keep-conn",
                 (keeps == nullptr ? h.pass->place() + ": there is no" : keeps->place() + ": no") +
                     " fastcgi_keep_conn on" + costs,
                 "fastcgi_keep_conn on; beside fastcgi_pass"});
        }
        if (h.to == nullptr) {
            found.push_back(
                {"keepalive",
                 h.pass->place() + ": fastcgi_pass names an address, not an upstream" + costs,
                 "fastcgi_pass pollster; and the upstream of snippets/upstream.conf"});
            continue;
        }
        if (std::ranges::none_of(h.to->at->block, [](const directive& d) {
                return d.name() == "keepalive" && d.argument(1) != "0";
            })) {
            found.push_back({"keepalive",
                             h.to->at->place() + ": the upstream " + h.to->at->argument(1) +
                                 " has no keepalive" + costs,
                             "keepalive 16384; in the upstream"});
        }
    }
}

} // namespace pollster::doctor
