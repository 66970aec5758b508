// Another site gets the requests: Debian's default site, mostly.
#include "fcgi_app/cli/doctor/nginx_checks.hpp"

#include <algorithm>

namespace pollster::doctor {

namespace {

// Whom nginx chooses for a host: by name, else the default of the address.
const site* chosen(const nginx_view& nginx, const std::string& address, const std::string& host)
{
    for (const auto& s : nginx.sites) {
        const bool listens = std::ranges::any_of(
            s.listens, [&](const listening& l) { return l.address == address; });
        if (listens && s.has_name(host)) {
            return &s;
        }
    }
    return nginx.default_of(address);
}

} // namespace

void check_default_site(const nginx_view& nginx, const facts& f, std::vector<finding>& found)
{
    const auto ours = nginx.our_sites();
    for (const auto* s : ours) {
        for (const auto& l : s->listens) {
            const bool asked = f.outside && f.outside->port == l.port;
            if (!asked && s->has_name()) {
                continue; // reached by its name
            }
            const auto* winner =
                asked ? chosen(nginx, l.address, f.outside->host) : nginx.default_of(l.address);
            if (winner == nullptr || std::ranges::find(ours, winner) != ours.end()) {
                continue;
            }
            found.push_back(
                {"default-site",
                 "requests to " + l.address + (asked ? " for " + f.outside->host : "") +
                     " go to the site at " + winner->at->place() + " and not to Pollster's at " +
                     s->at->place(),
                 "remove that site (Debian's: rm /etc/nginx/sites-enabled/default) or give "
                 "Pollster's its server_name; then `nginx -s reload`"});
        }
    }
}

} // namespace pollster::doctor
