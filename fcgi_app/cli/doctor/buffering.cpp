// What nginx does with an answer on its way, where that is not what a long poll needs.
#include "fcgi_app/cli/doctor/nginx_checks.hpp"

namespace pollster::doctor {

void check_buffering(const nginx_view& nginx, const facts&, std::vector<finding>& found)
{
    for (const auto& h : nginx.handovers) {
        const auto is = [&](const char* name, const char* value) -> const directive* {
            const auto* d = h.in_force(name);
            return d != nullptr && d->argument(1) == value ? d : nullptr;
        };
        if (const auto* cache = h.in_force("fastcgi_cache");
            cache != nullptr && cache->argument(1) != "off") {
            found.push_back({"cache",
                             cache->place() +
                                 ": fastcgi_cache may give one user what another asked "
                                 "for, and old answers to polls",
                             "fastcgi_cache off; in Pollster's locations"});
        }
        if (const auto* ignored = is("fastcgi_ignore_client_abort", "on")) {
            found.push_back({"client-abort",
                             ignored->place() + ": fastcgi_ignore_client_abort on: polls of "
                                                "browsers that left stay parked to their end",
                             "fastcgi_ignore_client_abort off;"});
        }
        if (const auto* off = is("fastcgi_buffering", "off")) {
            found.push_back(
                {"buffering",
                 off->place() + ": fastcgi_buffering off: a browser that reads slowly "
                                "holds its answer in Pollster",
                 "fastcgi_buffering on; Pollster itself says what must not be buffered"});
        }
        if (const auto* off = is("fastcgi_request_buffering", "off")) {
            found.push_back({"request-buffering",
                             off->place() + ": fastcgi_request_buffering off: a browser that sends "
                                            "slowly holds a connection to Pollster",
                             "fastcgi_request_buffering on;"});
        }
        const auto* ignores = h.in_force("fastcgi_ignore_headers");
        for (std::size_t i = 1; ignores != nullptr && i < ignores->words.size(); ++i) {
            if (ignores->words[i] == "X-Accel-Buffering") {
                found.push_back({"ignored-header",
                                 ignores->place() + ": nginx ignores X-Accel-Buffering, by which "
                                                    "Pollster says what must not be buffered",
                                 "take X-Accel-Buffering out of fastcgi_ignore_headers"});
            }
        }
    }
}

} // namespace pollster::doctor
