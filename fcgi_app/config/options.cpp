#include "fcgi_app/config/options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <numeric>

namespace pollster {

namespace {

using verdict = std::optional<std::string>; // a sentence, or none when all is well

std::int64_t count_of(std::size_t n)
{
    return static_cast<std::int64_t>(n);
}
template <class Rep, class Period>
std::int64_t count_of(std::chrono::duration<Rep, Period> d)
{
    return d.count();
}

// A whole number within [low, high], kept as std::size_t or as a duration.
template <class T>
option number(std::string name, T config::* where, std::string unit, std::int64_t low,
              std::int64_t high, std::string description)
{
    option o;
    o.name = std::move(name);
    o.unit = std::move(unit);
    o.default_value = std::to_string(count_of(config{}.*where));
    o.range = std::to_string(low) + " to " + std::to_string(high);
    o.description = std::move(description);
    o.set = [where, range = o.range, low, high](config& c, const std::string& text) -> verdict {
        std::int64_t value = 0;
        const auto* const last = text.data() + text.size();
        const auto [end, error] = std::from_chars(text.data(), last, value);
        if (error != std::errc{} || end != last || value < low || value > high) {
            return "a whole number from " + range + " is expected, not \"" + text + "\"";
        }
        c.*where = static_cast<T>(value);
        return std::nullopt;
    };
    return o;
}

option flag(std::string name, bool config::* where, std::string description)
{
    option o;
    o.name = std::move(name);
    o.unit = "on or off";
    o.default_value = config{}.*where ? "on" : "off";
    o.description = std::move(description);
    o.set = [where](config& c, const std::string& text) -> verdict {
        if (text != "on" && text != "off") {
            return "on or off is expected, not \"" + text + "\"";
        }
        c.*where = text == "on";
        return std::nullopt;
    };
    return o;
}

option text(std::string name, std::string config::* where, std::string unit,
            std::string description, std::string shown_default = {})
{
    option o;
    o.name = std::move(name);
    o.unit = std::move(unit);
    o.default_value = shown_default.empty() ? config{}.*where : std::move(shown_default);
    o.description = std::move(description);
    o.set = [where](config& c, const std::string& value) -> verdict {
        c.*where = value;
        return std::nullopt;
    };
    return o;
}

option custom(std::string name, std::string unit, std::string shown_default,
              std::string description, verdict (*set)(config&, const std::string&))
{
    return option{std::move(name),
                  std::move(unit),
                  std::move(shown_default),
                  {},
                  std::move(description),
                  false,
                  set};
}

verdict set_listen(config& c, const std::string& value)
{
    auto parsed = parse_listen(value);
    if (auto* wrong = std::get_if<std::string>(&parsed)) {
        return *wrong;
    }
    c.listen.push_back(std::get<listen_address>(parsed));
    return std::nullopt;
}

// An origin as browsers send it (RFC 6454, section 6.2): scheme://host[:port], nothing behind it.
bool is_origin(std::string_view text)
{
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos || scheme_end == 0) {
        return false;
    }
    const auto host = text.substr(scheme_end + 3);
    return !host.empty() && host.find_first_of("/?#@* \"\\") == std::string_view::npos;
}

verdict set_cors_origins(config& c, const std::string& value)
{
    c.cors_origins.clear();
    std::string_view rest = value;
    while (!rest.empty()) {
        const auto end = rest.find_first_of(", ");
        const auto origin = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (origin.empty()) {
            continue;
        }
        if (origin != "*" && !is_origin(origin)) {
            return "an origin is scheme://host[:port] without a path, not \"" +
                   std::string(origin) + "\"";
        }
        c.cors_origins.emplace_back(origin);
    }
    if (c.cors_origins.size() > 1 && std::ranges::count(c.cors_origins, "*") > 0) {
        return "* stands alone: it already means every origin";
    }
    return std::nullopt;
}

verdict set_secure_cookie(config& c, const std::string& value)
{
    if (value == "auto") {
        c.secure_cookie = secure_cookies::automatic;
    } else if (value == "on") {
        c.secure_cookie = secure_cookies::on;
    } else if (value == "off") {
        c.secure_cookie = secure_cookies::off;
    } else {
        return "auto, on or off is expected, not \"" + value + "\"";
    }
    return std::nullopt;
}

verdict set_log_level(config& c, const std::string& value)
{
    constexpr std::string_view levels[] = {"trace", "debug", "info", "warning", "error", "off"};
    if (std::ranges::find(levels, value) == std::end(levels)) {
        return "trace, debug, info, warning, error or off is expected, not \"" + value + "\"";
    }
    c.log_level = value;
    return std::nullopt;
}

std::vector<option> make_options()
{
    option listen = custom(
        "listen", "address", "a socket handed over, else unix:/run/pollster/pollster.sock",
        "where nginx finds the server: unix:PATH[,mode=0660][,owner=USER][,group=GROUP], HOST:PORT "
        "or "
        "[IPV6]:PORT; repeat it for several. A socket from systemd or spawn-fcgi takes its place",
        set_listen);
    listen.repeatable = true;
    const std::int64_t mib = std::int64_t{1} << 20;
    const std::int64_t gib = std::int64_t{1} << 30;
    return {
        std::move(listen),
        text("database", &config::database, "connection string",
             "PostgreSQL, as libpq takes it: \"host=/run/postgresql dbname=pollster\" or a "
             "postgresql:// URI"),
        text("database_read", &config::database_read, "connection string",
             "a replica that answers reads", "the same as database"),
        number(
            "database_connections", &config::database_connections, "connections", 1, 1000,
            "connections to PostgreSQL for posts, and as many for reads (of database_read, if that "
            "is set); seven more (with 1: five) are for looks, sessions, changes of posts, "
            "sign-ins "
            "and notifications"),
        number("database_waiting_jobs", &config::database_waiting_jobs, "jobs", 1, 10'000'000,
               "database calls that may wait for a connection of their purpose; more are answered "
               "503"),
        number("database_waiting_jobs_per_user", &config::database_waiting_jobs_per_user, "jobs", 1,
               10'000'000,
               "of those, the reads, and the changes, of one user; more are answered 429"),
        number("statement_timeout_ms", &config::statement_timeout_ms, "milliseconds", 1, 3'600'000,
               "the longest that one SQL statement may take"),
        flag("notify", &config::notify,
             "listen for PostgreSQL's notifications; off: the look every refresh_ms alone"),
        number("poll_seconds", &config::poll_seconds, "seconds", 1, 3600,
               "the longest that a poll is parked; each poll's time is drawn from the last 5 s "
               "before it, so that polls "
               "spread. nginx's fastcgi_read_timeout must be longer"),
        number("look_ms", &config::look_ms, "milliseconds", 10, 60'000,
               "time between a parked poll's looks at the hash"),
        number(
            "refresh_ms", &config::refresh_ms, "milliseconds", 10, 60'000,
            "time between two looks at PostgreSQL while a client is connected; half of it while no "
            "notifications arrive"),
        number("page_entries", &config::page_entries, "entries", 1, 10'000,
               "entries of one wall in one answer to a poll"),
        number("wall_bytes", &config::wall_bytes, "bytes", 4'096, 64 * mib,
               "entries of one wall in one answer to a poll, as JSON; one entry is sent whatever "
               "its size"),
        number("answer_bytes", &config::answer_bytes, "bytes", 131'072, 64 * mib,
               "one answer to a poll; the walls for which there is no room come with the next"),
        number("history_bytes", &config::history_bytes, "bytes", 4'096, 64 * mib,
               "posts in one page of history or of a search, as JSON; one post is sent whatever "
               "its size"),
        number("recent_bytes", &config::recent_bytes, "bytes", 0, 64 * gib,
               "newest entries kept in memory for parked polls, all walls together"),
        number("session_days", &config::session_days, "days", 1, 3650, "how long a sign-in lasts"),
        number("max_sessions_per_user", &config::max_sessions_per_user, "sessions; 0: no limit", 0,
               1'000'000, "sessions of one user; a sign-in ends the oldest beyond"),
        number("password_threads", &config::password_threads, "threads", 1, 64,
               "passwords verified at a time; the threads have a low priority"),
        number("waiting_sign_ins", &config::waiting_sign_ins, "sign-ins", 1, 100'000,
               "sign-ins that may wait for that, half of them from one address; more are answered "
               "503 or 429"),
        custom("cors_origins", "origins", "none",
               "pages of other origins that may use the server with credentials, separated by "
               "commas; * admits every "
               "origin without credentials",
               set_cors_origins),
        custom("secure_cookies", "auto, on or off", "auto",
               "mark the session's cookie Secure; auto: when the request "
               "came over https",
               set_secure_cookie),
        flag("rate_limits", &config::rate_limits,
             "the ten limits that follow; off: none of them, for a load test"),
        number("user_polls_per_second", &config::user_polls_per_second, "polls; 0: no limit", 0,
               1'000'000, "polls of one user, ten times as many at once; more are answered 429"),
        number(
            "address_polls_per_second", &config::address_polls_per_second, "polls; 0: no limit", 0,
            1'000'000,
            "polls from one address, ten times as many at once; more are answered 429. "
            "IPv6: from one /64, four times as many from its /56 and 16 times from its /48, here "
            "and below"),
        number("user_posts_per_second", &config::user_posts_per_second, "posts; 0: no limit", 0,
               1'000'000, "posts of one user, ten times as many at once; more are answered 429"),
        number("address_posts_per_second", &config::address_posts_per_second, "posts; 0: no limit",
               0, 1'000'000,
               "posts from one address, ten times as many at once; more are answered 429"),
        number("user_reads_per_second", &config::user_reads_per_second, "requests; 0: no limit", 0,
               1'000'000,
               "GETs of one user (history, walls, session, and searches, which count as posts, "
               "too), ten times as many at once; more are answered 429"),
        number("address_reads_per_second", &config::address_reads_per_second,
               "requests; 0: no limit", 0, 1'000'000,
               "the same from one address, whoever they say they are"),
        number("address_sign_ins_per_minute", &config::address_sign_ins_per_minute,
               "sign-ins; 0: no limit", 0, 1'000'000,
               "sign-ins from one address, a minute's worth at once; more are answered 429"),
        number("address_refusals_per_second", &config::address_refusals_per_second,
               "refusals; 0: no limit", 0, 1'000'000,
               "answers 400 to 499 that one address gets at once, and ten times as many in a row; "
               "further ones are held back for half a second, so that a flood of what is refused "
               "slows itself down"),
        number("sign_in_longest_delay_seconds", &config::sign_in_longest_delay_seconds,
               "seconds; 0: no delay", 0, 86'400,
               "after five failed sign-ins with one name from one address each further one makes "
               "the next wait twice as long, from 1 s up to this"),
        number("max_parked_per_user", &config::max_parked_per_user, "polls; 0: no limit", 0,
               1'000'000,
               "parked polls of one user; with one more the oldest is answered with nothing new"),
        number("max_params_bytes", &config::max_params_bytes, "bytes", 1024, gib,
               "head of one request (FastCGI PARAMS)"),
        number("max_body_bytes", &config::max_body_bytes, "bytes", 1024, gib,
               "body of one request; a larger one is answered 413"),
        number("max_requests_per_connection", &config::max_requests_per_connection, "requests", 1,
               65'535, "requests at a time on one FastCGI connection"),
        number("max_connections", &config::max_connections, "connections", 1, 10'000'000,
               "FastCGI connections at a time"),
        number("max_parked", &config::max_parked, "polls", 1, 100'000'000,
               "polls parked at a time; more are answered 503"),
        number("max_queued_bytes", &config::max_queued_bytes, "bytes", 65'536, gib,
               "answers waiting for a slow peer, each connection; at the limit it is closed"),
        number(
            "max_answer_bytes", &config::max_answer_bytes, "bytes", 4 * mib, 64 * gib,
            "answers in memory at a time, of polls and history, being read or being sent; who "
            "asks for more waits. One user's may take a quarter, pages kept for others an eighth"),
        number("receive_timeout_seconds", &config::receive_timeout_seconds, "seconds", 1, 3600,
               "the longest silence within a request that has begun to arrive"),
        number("send_timeout_seconds", &config::send_timeout_seconds, "seconds", 1, 3600,
               "the longest that a peer may take none of a waiting answer"),
        number("stop_timeout_seconds", &config::stop_timeout_seconds, "seconds", 1, 3600,
               "the longest that the server waits for running requests when it is told to stop"),
        custom("log_level", "level", "info",
               "least weight of what is logged: trace, debug, info, warning, error or off",
               set_log_level),
        text("log_file", &config::log_file, "path", "where the log goes", "standard error"),
        text("log_format", &config::log_format, "pattern",
             "a line of the log, as spdlog's set_pattern takes it"),
    };
}

// Damerau's distance without transpositions, enough for "poll_second".
std::size_t edits_between(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
        }
    }
    return row.back();
}

std::string wrapped(std::string_view sentence, std::size_t indent, std::size_t width)
{
    std::string out;
    std::size_t column = width; // begins a line at once
    while (!sentence.empty()) {
        const auto word = sentence.substr(0, sentence.find(' '));
        sentence.remove_prefix(std::min(sentence.size(), word.size() + 1));
        if (column + 1 + word.size() > width) {
            out += (out.empty() ? "" : "\n") + std::string(indent, ' ');
            column = indent;
        } else {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
    }
    return out + "\n";
}

} // namespace

std::string option::flag() const
{
    std::string out = "--" + name;
    std::ranges::replace(out, '_', '-');
    return out;
}

std::string option::variable() const
{
    std::string out = "POLLSTER_" + name;
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    return out;
}

const std::vector<option>& options()
{
    static const std::vector<option> table = make_options();
    return table;
}

const option* find_option(std::string_view name)
{
    const auto found = std::ranges::find(options(), name, &option::name);
    return found == options().end() ? nullptr : &*found;
}

const option* nearest_option(std::string_view mistyped)
{
    const auto found = std::ranges::min_element(
        options(), {}, [&](const option& o) { return edits_between(mistyped, o.name); });
    return edits_between(mistyped, found->name) <= 3 ? &*found : nullptr;
}

std::string options_help()
{
    std::string out;
    for (const option& o : options()) {
        out += "  " + o.flag() + "  (" + o.unit + (o.range.empty() ? "" : ", " + o.range) +
               "; default: " + o.default_value + ")\n";
        out += wrapped(o.description + ".", 6, 100);
    }
    return out;
}

} // namespace pollster
