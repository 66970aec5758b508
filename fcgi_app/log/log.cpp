#include "fcgi_app/log/log.hpp"

#include "fcgi_app/log/formats.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

namespace pollster {

namespace {

// Writes each line at once. spdlog's own sinks keep their file, and its logger its sinks: a logger
// cannot be exchanged while other threads log (spdlog's wiki, "thread safety").
class line_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit line_sink(int file)
        : file_(file)
    {
    }
    ~line_sink() override { close(std::exchange(file_, STDERR_FILENO)); }
    line_sink(const line_sink&) = delete;
    line_sink& operator=(const line_sink&) = delete;

    void change(int file, std::unique_ptr<spdlog::formatter> format)
    {
        const std::lock_guard lock(mutex_);
        close(std::exchange(file_, file));
        set_formatter_(std::move(format));
    }

private:
    static void close(int file)
    {
        if (file != STDERR_FILENO) {
            ::close(file);
        }
    }

    void sink_it_(const spdlog::details::log_msg& m) override
    {
        spdlog::memory_buf_t line;
        formatter_->format(m, line);
        std::size_t done = 0;
        while (done < line.size()) {
            const auto n = ::write(file_, line.data() + done, line.size() - done);
            if (n < 0 && errno != EINTR) {
                return; // a full disk must not end the server
            }
            done += n > 0 ? static_cast<std::size_t>(n) : 0;
        }
    }
    void flush_() override {}

    int file_;
};

struct opened {
    int file = -1;
    std::optional<std::string> error;
};

opened open_file(const std::string& path)
{
    if (path.empty()) {
        return {STDERR_FILENO, {}};
    }
    const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (file < 0) {
        return {file, path + ": " + std::strerror(errno)};
    }
    return {file, {}};
}

std::unique_ptr<spdlog::formatter> format_of(const log_settings& s)
{
    const bool journal = s.file.empty() && is_journal(std::getenv("JOURNAL_STREAM"), STDERR_FILENO);
    return make_format(s.format == log_settings().format && journal ? "%v" : s.format, journal);
}

} // namespace

std::optional<std::string> start_log(const log_settings& s)
{
    const auto to = open_file(s.file);
    if (to.error) {
        return to.error;
    }
    auto sink = std::make_shared<line_sink>(to.file);
    sink->set_formatter(format_of(s));
    auto log = std::make_shared<spdlog::logger>("pollster", std::move(sink));
    log->set_level(spdlog::level::from_str(s.level));
    spdlog::set_default_logger(std::move(log));
    return std::nullopt;
}

std::optional<std::string> change_log(const log_settings& s)
{
    auto& log = *spdlog::default_logger_raw();
    auto* sink = dynamic_cast<line_sink*>(log.sinks().at(0).get());
    if (sink == nullptr) {
        return "the log was not started here";
    }
    const auto to = open_file(s.file);
    if (to.error) {
        return to.error;
    }
    sink->change(to.file, format_of(s));
    log.set_level(spdlog::level::from_str(s.level));
    return std::nullopt;
}

} // namespace pollster
