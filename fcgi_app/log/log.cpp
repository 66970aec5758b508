#include "fcgi_app/log/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>

namespace pollster {

bool start_log(const log_settings& s)
{
    try {
        auto log = s.file.empty() ? spdlog::stderr_logger_st("pollster")
                                  : spdlog::basic_logger_mt("pollster", s.file);
        log->set_pattern(s.format);
        log->set_level(spdlog::level::from_str(s.level));
        log->flush_on(spdlog::level::info);
        spdlog::set_default_logger(std::move(log));
        return true;
    } catch (const spdlog::spdlog_ex& e) {
        std::fprintf(stderr, "pollster: cannot write to log_file: %s\n", e.what());
        return false;
    }
}

} // namespace pollster
