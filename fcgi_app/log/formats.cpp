#include "fcgi_app/log/formats.hpp"

#include "text/number.hpp"
#include "text/utf8.hpp"

#include <spdlog/pattern_formatter.h>
#include <systemd/sd-daemon.h>

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

namespace pollster {

namespace {

std::string_view priority(spdlog::level::level_enum level)
{
    switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
        return SD_DEBUG;
    case spdlog::level::warn:
        return SD_WARNING;
    case spdlog::level::err:
        return SD_ERR;
    case spdlog::level::critical:
        return SD_CRIT;
    default:
        return SD_INFO;
    }
}

void append(spdlog::memory_buf_t& out, std::string_view text)
{
    out.append(text.data(), text.data() + text.size());
}

// Bytes that are no UTF-8, which a message of PostgreSQL may have before it knows our encoding,
// become question marks.
void append_json(spdlog::memory_buf_t& out, std::string_view text)
{
    const bool valid = text::is_utf8(text);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (byte < 0x20 || byte == 0x7f) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", byte);
            append(out, escape);
        } else {
            out.push_back(byte >= 0x80 && !valid ? '?' : c);
        }
    }
}

// Takes what is before the next blank, and the blank.
std::string_view next_word(std::string_view& rest)
{
    const auto word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    return word;
}

// Of a message that begins with the name of a request (http/trace.hpp): its parts, as members.
void append_request(spdlog::memory_buf_t& out, std::string_view message)
{
    if (next_word(message) != "request") {
        return;
    }
    auto number = next_word(message);
    bool last = number.ends_with(':');
    number.remove_suffix(last ? 1 : 0);
    if (!text::parse_number<std::uint64_t>(number, 0, UINT64_MAX)) {
        return;
    }
    append(out, R"(,"request":)");
    append(out, number);
    for (const std::string_view part : {"id=", "traceparent="}) {
        if (last || !message.starts_with(part)) {
            continue;
        }
        auto value = next_word(message).substr(part.size());
        last = value.ends_with(':');
        value.remove_suffix(last ? 1 : 0);
        append(out, part == "id=" ? R"(,"request_id":")" : R"(,"traceparent":")");
        append_json(out, value);
        out.push_back('"');
    }
}

class json_format final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& m, spdlog::memory_buf_t& out) override
    {
        append(out, R"({"time":")");
        time_.format(m, out);
        append(out, R"(","level":")");
        const auto level = spdlog::level::to_string_view(m.level);
        append(out, {level.data(), level.size()});
        append(out, R"(","message":")");
        append_json(out, {m.payload.data(), m.payload.size()});
        out.push_back('"');
        append_request(out, {m.payload.data(), m.payload.size()});
        append(out, "}\n");
    }
    std::unique_ptr<spdlog::formatter> clone() const override
    {
        return std::make_unique<json_format>();
    }

private:
    spdlog::pattern_formatter time_{"%Y-%m-%dT%H:%M:%S.%e%z", spdlog::pattern_time_type::local, ""};
};

class with_priority final : public spdlog::formatter {
public:
    explicit with_priority(std::unique_ptr<spdlog::formatter> line)
        : line_(std::move(line))
    {
    }
    void format(const spdlog::details::log_msg& m, spdlog::memory_buf_t& out) override
    {
        append(out, priority(m.level));
        line_->format(m, out);
    }
    std::unique_ptr<spdlog::formatter> clone() const override
    {
        return std::make_unique<with_priority>(line_->clone());
    }

private:
    std::unique_ptr<spdlog::formatter> line_;
};

} // namespace

std::unique_ptr<spdlog::formatter> make_format(const std::string& pattern, bool priorities)
{
    std::unique_ptr<spdlog::formatter> out;
    if (pattern == "json") {
        out = std::make_unique<json_format>();
    } else {
        out = std::make_unique<spdlog::pattern_formatter>(pattern);
    }
    return priorities ? std::make_unique<with_priority>(std::move(out)) : std::move(out);
}

bool is_journal(const char* announced, int descriptor)
{
    struct stat it{};
    if (announced == nullptr || ::fstat(descriptor, &it) != 0) {
        return false;
    }
    return announced == std::to_string(it.st_dev) + ":" + std::to_string(it.st_ino);
}

} // namespace pollster
