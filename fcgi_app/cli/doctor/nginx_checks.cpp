#include "fcgi_app/cli/doctor/nginx_checks.hpp"

#include <algorithm>

namespace pollster::doctor {

// Without a handover the others have nothing to judge.
void check_handover(const nginx_view& nginx, const facts&, std::vector<finding>& found)
{
    if (nginx.handovers.empty()) {
        found.push_back({"no-site", "no location of nginx hands requests to Pollster",
                         "install the site (docs/INSTALL.md) and run `nginx -s reload`"});
    }
}

std::vector<finding> check_nginx(const nginx_view& nginx, const facts& f)
{
    std::vector<finding> found;
    for (auto* check : {check_handover, check_default_site, check_second_nginx, check_timeouts,
                        check_buffering, check_keepalive, check_descriptors, check_backlog}) {
        check(nginx, f, found);
    }
    // Several locations may share one mistake.
    std::vector<finding> out;
    for (auto& one : found) {
        if (std::ranges::none_of(
                out, [&](const finding& o) { return o.code == one.code && o.what == one.what; })) {
            out.push_back(std::move(one));
        }
    }
    return out;
}

} // namespace pollster::doctor
