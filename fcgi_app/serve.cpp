#include "fcgi_app/serve.hpp"

#include "db/migrate.hpp"
#include "fcgi_app/app.hpp"
#include "fcgi_app/log/log.hpp"

#include <spdlog/spdlog.h>

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace pollster {

namespace {

// Every connection is a descriptor; take what the system allows and say so if it is not enough.
void raise_descriptor_limit(std::size_t max_connections)
{
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < max_connections + 300) {
        spdlog::warn("max_connections is {}, but this process may open only {} descriptors: raise "
                     "LimitNOFILE or lower it",
                     max_connections, limit.rlim_cur);
    }
}

// SIGTERM and SIGINT arrive as bytes on a descriptor; SIGPIPE never.
int block_signals()
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
}

} // namespace

int serve(const config& settings)
{
    if (!start_log(settings.log)) {
        return 1;
    }
    raise_descriptor_limit(settings.fastcgi.max_connections);
    auto sockets = open_listening_sockets(
        settings.listen,
        std::get<fastcgi::listen_address>(fastcgi::parse_listen(config::default_listen)));
    if (!sockets) {
        std::fprintf(stderr, "pollster: %s\n", sockets.error().sentence.c_str());
        return 1;
    }
    for (const auto& warning : sockets->warnings) {
        spdlog::warn("{}", warning);
    }
    if (const auto schema = db::check_schema(settings.database); !schema) {
        if (schema.error().kind == walls::db_error_kind::wrong_schema) {
            std::fprintf(stderr, "pollster: %s\n", schema.error().why.c_str());
            return 1;
        }
        spdlog::warn("starting without the database, answering 503 until it is back: {}",
                     schema.error().why);
    }
    const int signals = block_signals();
    const int status = run_app(settings, *sockets, signals);
    close(signals);
    spdlog::shutdown();
    return status;
}

} // namespace pollster
