// Answers from outside: how they are read, and what is wrong with them. Pure.
#include "fcgi_app/cli/doctor/outside.hpp"

#include "text/number.hpp"
#include "text/trimmed.hpp"

#include <algorithm>
#include <cstdlib>

namespace pollster::doctor {

std::optional<target> target_of(const std::string& url)
{
    target out;
    const auto scheme = url.find("://");
    if (scheme == std::string::npos) {
        return std::nullopt;
    }
    out.scheme = url.substr(0, scheme);
    if (out.scheme != "http" && out.scheme != "https") {
        return std::nullopt;
    }
    auto host = url.substr(scheme + 3, url.find_first_of("/?#", scheme + 3) - scheme - 3);
    if (host.find('@') != std::string::npos) {
        return std::nullopt;
    }
    out.port = out.scheme == "http" ? 80 : 443;
    const auto colon = host.rfind(':');
    if (colon != std::string::npos && !host.ends_with(']')) {
        const auto port =
            text::parse_number<unsigned short>(std::string_view(host).substr(colon + 1), 1, 65535);
        if (!port) {
            return std::nullopt;
        }
        out.port = *port;
        host.erase(colon);
    }
    out.host = host;
    return host.empty() ? std::nullopt : std::optional(out);
}

std::vector<std::string> web_answer::all(const std::string& name) const
{
    std::vector<std::string> out;
    for (const auto& h : headers) {
        if (h.starts_with(name + ":")) {
            out.emplace_back(text::trimmed(std::string_view(h).substr(name.size() + 1), " "));
        }
    }
    return out;
}

web_answer answer_of(const std::string& printed)
{
    web_answer out;
    std::string_view rest = printed;
    const auto trailer = std::min(rest.rfind('\n'), rest.size());
    const std::string last(rest.substr(std::min(trailer + 1, rest.size())));
    rest = rest.substr(0, trailer);
    const auto blank = last.find(' ');
    if (blank != std::string::npos) {
        out.version = last.substr(0, blank);
        out.took = std::chrono::milliseconds(
            static_cast<std::int64_t>(std::strtod(last.c_str() + blank, nullptr) * 1000));
    }
    // Interim answers (100 Continue) come before the real one.
    while (rest.starts_with("HTTP/")) {
        const auto end = std::min(rest.find("\r\n\r\n"), rest.size());
        std::string_view head = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 4, rest.size()));
        out.headers.clear();
        const auto status = head.find(' ');
        out.status =
            text::parse_number<int>(head.substr(std::min(status + 1, head.size()), 3), 100, 999)
                .value_or(0);
        while (!head.empty()) {
            std::string line(head.substr(0, head.find("\r\n")));
            head.remove_prefix(std::min(line.size() + 2, head.size()));
            const auto colon = std::min(line.find(':'), line.size());
            std::transform(
                line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), line.begin(),
                [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
            out.headers.push_back(std::move(line));
        }
    }
    out.body = rest;
    return out;
}

std::vector<finding> judge_cors(const web_answer& a, const std::string& origin, bool allowed)
{
    const auto granted = a.all("access-control-allow-origin");
    const bool credentials = !a.all("access-control-allow-credentials").empty();
    const auto is_granted = [&](const std::string& o) { return o == origin || o == "*"; };
    if (granted.size() > 1) {
        return {{"cors",
                 "the answer has " + std::to_string(granted.size()) +
                     " headers Access-Control-Allow-Origin, so browsers refuse it",
                 "take out the one that nginx or a proxy adds: Pollster sends its own "
                 "(cors_origins)"}};
    }
    if (allowed && std::ranges::none_of(granted, is_granted)) {
        return {{"cors",
                 "the page " + origin + " (cors_origins) is not let in: the answer says " +
                     (granted.empty() ? "nothing of origins" : "only " + granted.front()),
                 "something on the way removes or replaces the headers Access-Control-*, or the "
                 "server was not restarted since cors_origins changed"}};
    }
    if (!allowed && credentials && std::ranges::any_of(granted, is_granted)) {
        return {{"cors-open",
                 "any page may use Pollster with its visitors' sessions: " + origin +
                     " is let in with credentials",
                 "take out the headers Access-Control-* that nginx or a proxy adds; cors_origins "
                 "says who may"}};
    }
    return {};
}

std::vector<finding> judge_news(const web_answer& a, const std::string& text,
                                std::chrono::milliseconds took)
{
    if (a.status != 200 || a.body.find(text) == std::string::npos) {
        return {{"poll",
                 "a poll did not bring a post: " +
                     (a.status == 0
                          ? a.error
                          : "status " + std::to_string(a.status) + " " + a.body.substr(0, 200)),
                 "the log of the server and nginx's error log say why"}};
    }
    if (took > std::chrono::seconds(5)) {
        return {{"held-back",
                 "a post reached a poll after " +
                     std::to_string(std::chrono::floor<std::chrono::seconds>(took).count()) + " s",
                 "something on the way buffers answers (proxy_buffering, a proxy that compresses), "
                 "or the server is overloaded"}};
    }
    return {};
}

std::vector<finding> judge_stream(const web_answer& a, const std::string& text)
{
    if (a.body.find(text) != std::string::npos) {
        return {};
    }
    return {{"buffered",
             "the events of a stream do not arrive while it is open" +
                 (a.status == 0 || a.status == 200 ? std::string()
                                                   : ": status " + std::to_string(a.status)),
             "let nothing on the way hold back or compress text/event-stream (nginx: "
             "proxy_buffering off, or no proxy_ignore_headers X-Accel-Buffering); the page polls "
             "meanwhile"}};
}

std::vector<finding> judge_parked(const web_answer& a, std::chrono::milliseconds longest)
{
    const auto seconds = [](std::chrono::milliseconds t) {
        return std::to_string(std::chrono::floor<std::chrono::seconds>(t).count()) + " s";
    };
    if (a.status == 200) {
        return {};
    }
    return {{"idle-timeout",
             "a poll that waits was ended after " + seconds(a.took) + " (" +
                 (a.status != 0 ? "status " + std::to_string(a.status) : a.error) +
                 "), but Pollster lets it wait for up to " + seconds(longest),
             "raise the idle or read timeout of what is on the way (proxy, load balancer, "
             "fastcgi_read_timeout) to " +
                 seconds(longest + std::chrono::seconds(15)) + ", or lower poll_seconds"}};
}

} // namespace pollster::doctor
