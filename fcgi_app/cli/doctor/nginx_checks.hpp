// What can be wrong with nginx in front of Pollster, a file per check. Pure functions of the
// configuration and of facts about this host; any thread.
#pragma once

#include "fcgi_app/cli/doctor/finding.hpp"
#include "fcgi_app/cli/doctor/nginx_view.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace pollster::doctor {

struct port_owner {
    unsigned short port = 0;
    pid_t master = 0; // of a program with workers: the one that started them
    std::string program;
};

struct target { // what the URL of the command line names
    std::string scheme;
    std::string host;
    unsigned short port = 0;
};

struct facts {
    std::chrono::milliseconds poll_time{}; // poll_seconds
    unsigned cores = 1;
    long somaxconn = 65'535;
    std::optional<long> worker_files; // descriptors that a worker that runs may open
    std::vector<port_owner> owners;   // of listening TCP sockets
    std::optional<target> outside;
};

void check_handover(const nginx_view&, const facts&, std::vector<finding>&);
void check_default_site(const nginx_view&, const facts&, std::vector<finding>&);
void check_buffering(const nginx_view&, const facts&, std::vector<finding>&);
void check_timeouts(const nginx_view&, const facts&, std::vector<finding>&);
void check_keepalive(const nginx_view&, const facts&, std::vector<finding>&);
void check_descriptors(const nginx_view&, const facts&, std::vector<finding>&);
void check_backlog(const nginx_view&, const facts&, std::vector<finding>&);
void check_second_nginx(const nginx_view&, const facts&, std::vector<finding>&);

// All of them, each finding once.
std::vector<finding> check_nginx(const nginx_view&, const facts&);

} // namespace pollster::doctor
