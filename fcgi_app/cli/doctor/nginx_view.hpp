// What the checks want to know of nginx's configuration: which sites there are, and which places
// hand requests to Pollster. It points into the tree that it was made of, which must live longer.
// Pure; any thread.
#pragma once

#include "fcgi_app/cli/doctor/nginx_config.hpp"

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace pollster::doctor {

struct listening {
    std::string address; // "*:80", "[::]:443", "192.0.2.7:80"; the default port is written out
    unsigned short port = 0;
    bool is_default = false; // default_server
    bool reuseport = false;
    bool ssl = false;
    bool http2 = false;
    std::optional<long> backlog;
};

struct site { // a server { }
    const directive* at = nullptr;
    std::vector<listening> listens;
    std::vector<std::string> names;
    bool http2 = false; // "http2 on;"

    // Is it reached by a name, and not only as the default?
    bool has_name() const;
    bool has_name(const std::string& host) const; // exact, or by a wildcard
};

struct upstream {
    const directive* at = nullptr;
    std::vector<std::string> servers; // addresses
};

// A location that hands its requests to Pollster.
struct handover {
    const site* of = nullptr;
    std::vector<const directive*> around; // http, server, location … from outside to inside
    const directive* pass = nullptr;      // fastcgi_pass
    const upstream* to = nullptr;         // null: the address stands in fastcgi_pass itself

    // The directive that counts here: the innermost one. Null: nginx's default.
    const directive* in_force(const std::string& name) const;
};

struct nginx_view {
    nginx_view() = default;
    nginx_view(nginx_view&&) = default; // what points into it stays right
    nginx_view& operator=(nginx_view&&) = delete;

    std::vector<directive> tree; // of which the rest is made
    std::deque<site> sites;      // in nginx's order
    std::deque<upstream> upstreams;
    std::vector<handover> handovers;

    const directive* main(const std::string& name) const;   // at the top level
    const directive* events(const std::string& name) const; // in events { }
    unsigned workers(unsigned cores) const;

    // The site that answers requests to this address that no name decides; null: nobody listens.
    const site* default_of(const std::string& address) const;
    // All that is said of this address, in whatever site it is said.
    listening all_of(const std::string& address) const;
    std::vector<const site*> our_sites() const;
};

// `ours`: addresses where Pollster listens, as an upstream writes them ("unix:/run/a.sock",
// "127.0.0.1:9000"). Besides, whatever is called pollster is ours.
nginx_view view_of(std::vector<directive> tree, const std::vector<std::string>& ours);

// "75s", "1m 30s", "500ms", "60": nginx's times. None: it is none.
std::optional<std::chrono::milliseconds> time_of(const std::string& text);

} // namespace pollster::doctor
