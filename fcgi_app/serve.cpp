#include "fcgi_app/serve.hpp"

#include "db/migrate.hpp"
#include "fcgi_app/app.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace pollster {

namespace {

// One line an event. Neither post bodies nor session tokens are ever given to it.
bool start_log(const config& c)
{
    try {
        auto log = c.log_file.empty() ? spdlog::stderr_logger_st("pollster")
                                      : spdlog::basic_logger_mt("pollster", c.log_file);
        log->set_pattern(c.log_format);
        log->set_level(spdlog::level::from_str(c.log_level));
        log->flush_on(spdlog::level::info);
        spdlog::set_default_logger(std::move(log));
        return true;
    } catch (const spdlog::spdlog_ex& e) {
        std::fprintf(stderr, "pollster: cannot write to log_file: %s\n", e.what());
        return false;
    }
}

// Every connection is a descriptor; take what the system allows and say so if it is not enough.
void raise_descriptor_limit(const config& c)
{
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < c.max_connections + 300) {
        spdlog::warn("max_connections is {}, but this process may open only {} descriptors: raise "
                     "LimitNOFILE or lower it",
                     c.max_connections, limit.rlim_cur);
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
    if (!start_log(settings)) {
        return 1;
    }
    raise_descriptor_limit(settings);
    auto sockets = open_listening_sockets(settings.listen);
    if (!sockets) {
        std::fprintf(stderr, "pollster: %s\n", sockets.error().sentence.c_str());
        return 1;
    }
    for (const auto& warning : sockets->warnings) {
        spdlog::warn("{}", warning);
    }
    db::settings database;
    database.database = settings.database;
    database.statement_timeout = settings.statement_timeout_ms;
    if (const auto schema = db::check_schema(database); !schema) {
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
