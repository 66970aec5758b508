// Asks a running server, for commands that watch one: over HTTP or HTTPS through its web server, or
// over FastCGI at its own socket. A connection for each request. Blocking; any one thread.
#pragma once

#include "db/admin.hpp"
#include "fcgi_app/cli/streams.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pollster::cli {

struct web_request {
    std::string method = "GET";
    std::string path = "/"; // below the mount, with its query
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};
};

struct web_answer {
    int status = 0;
    std::string body;
};

class web_place {
public:
    // "http://HOST[:PORT][/MOUNT]", "https://…", or a unix socket: "/run/pollster/pollster.sock",
    // also with "unix:" before it. The certificate of an https server has to be good. `mount`: the
    // option, for who listens at a socket; a URL has its own.
    static db::outcome<web_place> parse(const std::string& text, const std::string& mount = {});

    // A request that was sent, and whose answer may take its time.
    class asked {
    public:
        db::outcome<web_answer> answer(); // once
        void hang_up() { peer_->hang_up(); }

    private:
        friend web_place;
        std::unique_ptr<byte_stream> peer_;
        bool fastcgi_ = false;
    };
    db::outcome<asked> ask(const web_request& r, std::chrono::seconds patience) const;

    const std::string& name() const { return name_; } // as it was given

private:
    std::string name_;
    std::string socket_; // of the file system; empty: the rest counts
    bool tls_ = false;
    std::string host_; // "[::1]" with its brackets
    std::string port_;
    std::string mount_; // "/api", or empty
};

} // namespace pollster::cli
