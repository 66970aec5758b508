// Every setting of the server: those of its parts, each with its default where the part defines it.
// The option table (options.cpp) says name, unit, range and meaning of each; load.hpp fills this
// in. A plain value: copy it, read it from any thread.
#pragma once

#include "db/settings.hpp"
#include "fcgi_app/adapters/settings.hpp"
#include "fcgi_app/fastcgi/limits.hpp"
#include "fcgi_app/fastcgi/listen_address.hpp"
#include "fcgi_app/log/log.hpp"
#include "fcgi_app/routes/settings.hpp"
#include "signed_tokens/rules.hpp"
#include "walls/settings.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace pollster {

struct config {
    // Empty: a socket that was handed over, else the default; see fcgi_app/sockets.hpp.
    std::vector<::fastcgi::listen_address> listen;
    static constexpr const char* default_listen = "unix:/run/pollster/pollster.sock";
    ::fastcgi::limits fastcgi;
    db::settings database;
    // Of the operating system; see fcgi_app/cli/account.hpp.
    std::string account = "pollster";
    std::string account_owner = "pollster_owner";
    ::walls::settings walls;
    ::routes::settings routes;
    ::adapters::settings adapters;
    signed_tokens::settings tokens;
    std::vector<std::string> cors_origins; // as http::cors takes them
    std::chrono::seconds stop_timeout{5};
    // Who connects to a handed-over socket while this process stops is refused, and goes to another
    // one; a socket of our own always refuses.
    enum class take_over {
        if_one_of_several,
        yes,
        no
    } others_take_over = take_over::if_one_of_several;
    log_settings log;
};

// Sets what is no option of its own but follows from others. load() does it; whoever sets options
// otherwise does it once, afterwards.
void derive(config& c);

} // namespace pollster
