// Web servers in front of the chat's pollster, beside its nginx, with the configurations of
// docs/FOREIGN_SERVERS.md, in which only paths and ports are replaced. Main thread only.
#pragma once

#include "tests/e2e/chat.hpp"

#include <memory>
#include <string>
#include <vector>

namespace e2e {

// The first block of that language below that heading of the document, another one of docs/ if it
// is named, with paths and ports replaced. What is to be replaced must be there.
std::string documented(const std::string& heading, const std::string& language,
                       const settings& replacements,
                       const std::string& document = "FOREIGN_SERVERS.md");

// A web server that is there until the object ends.
class front {
public:
    // `command`: what begins it; the file with `configuration` follows as its last argument.
    front(const chat& s, const std::string& name, const std::string& configuration,
          std::vector<std::string> command, unsigned short port);
    front(unsigned short port, unsigned short http2_port); // that somebody else has begun
    ~front();
    front(const front&) = delete;
    front& operator=(const front&) = delete;

    unsigned short port() const { return port_; }
    unsigned short http2_port() const { return http2_port_; } // by prior knowledge
    reply send(const call& c) const;                          // at /api
    std::string page() const { return http_client(port_).call("GET", "/").body; }
    // The status of a path, as it is written, for whoever comes from that address of this host.
    std::string status_for(const std::string& address, const std::string& path) const;

private:
    unsigned short port_;
    unsigned short http2_port_;
    std::unique_ptr<process> process_;
};

// A row of the document's table "When the browser leaves".
struct front_kind {
    std::string name; // "lighttpd"
    // What it does then: "at once", "with its answer", "with the next events".
    std::string poll, stream, poll_http2, stream_http2;
    std::unique_ptr<front> (*start)(chat& s);

    settings of_pollster() const; // what it needs in pollster.conf
};

// Those that this Debian has: the table says it. All others but nginx, which is shipped, are
// foreign.
std::vector<front_kind> fronts();

// The parts of an Apache's configuration that Debian has elsewhere; `modules` beside those that
// every site needs.
std::string apache_base(const chat& s, unsigned short port,
                        const std::vector<std::string>& modules);

} // namespace e2e
