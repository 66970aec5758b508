#include "fcgi_app/config/options.hpp"

#include "db/conninfo.hpp"
#include "fcgi_app/config/option_kinds.hpp"
#include "fcgi_app/routes/mount.hpp"
#include "fcgi_app/routes/session_cookie.hpp"

#include <algorithm>

namespace pollster {

namespace {

using namespace option_kinds;

verdict set_listen(config& c, const std::string& value)
{
    auto parsed = fastcgi::parse_listen(value);
    if (auto* wrong = std::get_if<std::string>(&parsed)) {
        return *wrong;
    }
    c.listen.push_back(std::get<fastcgi::listen_address>(parsed));
    return std::nullopt;
}

verdict set_mount(config& c, const std::string& value)
{
    c.routes.mount = value;
    return routes::fault_in_mount(value);
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

// A text that `fault` judges.
template <class Where, class Fault>
option judged(std::string name, Where where, std::string unit, std::string description, Fault fault)
{
    option o = text(std::move(name), where, std::move(unit), std::move(description));
    o.set = [where, fault](config& c, const std::string& value) -> verdict {
        where(c) = value;
        return fault(value);
    };
    return o;
}

template <class Where>
option connection_string(std::string name, Where where, std::string description,
                         std::string empty = {})
{
    option o =
        text(std::move(name), where, "connection string", std::move(description), std::move(empty));
    o.set = [where](config& c, const std::string& value) -> verdict {
        where(c) = value;
        return db::fault_in_conninfo(value);
    };
    return o;
}

std::vector<option> make_options()
{
    option listen = custom(
        "listen", "address", std::string("a socket handed over, else ") + config::default_listen,
        "where nginx finds the server: unix:PATH[,mode=0660][,owner=USER][,group=GROUP], "
        "HOST:PORT or [IPV6]:PORT; repeat it for several. A socket from systemd or "
        "spawn-fcgi takes its place",
        set_listen);
    listen.repeatable = true;
    using cookies = routes::settings::cookies;
    const std::int64_t mib = std::int64_t{1} << 20;
    const std::int64_t gib = std::int64_t{1} << 30;
    return {
        std::move(listen),
        custom("mount", "path", "none: the web server cuts it off",
               "the path below which the web server has the application, /chat/api for one, if it "
               "sends whole paths, as h2o does (docs/FOREIGN_SERVERS.md); it is cut off, and any "
               "other path is 404",
               set_mount)
            .reloads(),
        connection_string(
            "database", at(&config::database, &db::settings::database),
            "PostgreSQL, as libpq takes it: host=/run/postgresql dbname=pollster, or a "
            "postgresql:// URI"),
        connection_string("database_read", at(&config::database, &db::settings::database_read),
                          "a replica that answers reads", "the same as database"),
        connection_string(
            "database_owner", at(&config::database, &db::settings::database_owner),
            "as the role that owns the schema, for pollster migrate and the commands of "
            "administration; the server never uses it",
            "the same as database"),
        text("account", at(&config::account), "name",
             "the account of the operating system that the unit runs as. PostgreSQL takes it for "
             "the role that serves, if database is a unix socket and names no user; pollster setup "
             "makes the role of this name"),
        text("account_owner", at(&config::account_owner), "name",
             "the account that commands of administration become when root runs them, likewise: "
             "the role that owns the schema, which pollster setup makes, too"),
        number("database_connections", at(&config::database, &db::settings::connections),
               "connections", 1, 1000,
               "connections to PostgreSQL for posts, as many for reads, and as many again to "
               "database_read, if that is set; seven more (with 1: five) are for looks, sessions, "
               "changes of posts, sign-ins and notifications"),
        number("database_waiting_jobs", at(&config::database, &db::settings::waiting_jobs), "jobs",
               1, 10'000'000,
               "database calls that may wait for a connection of their purpose; more are answered "
               "503"),
        number("database_waiting_jobs_per_user",
               at(&config::database, &db::settings::waiting_of_user), "jobs", 1, 10'000'000,
               "of those, the reads, and the changes, of one user; more are answered 429"),
        number("statement_timeout_ms", at(&config::database, &db::settings::statement_timeout),
               "milliseconds", 1, 3'600'000, "the longest that one SQL statement may take"),
        flag("notify", at(&config::database, &db::settings::notify),
             "listen for PostgreSQL's notifications; off: the look alone, every half refresh_ms"),
        number<std::chrono::seconds>(
            "poll_seconds", at(&config::routes, &routes::settings::poll_time), "seconds", 1, 3600,
            "the longest that a poll is parked; each poll's time is drawn from the last 5 s before "
            "it, so that polls spread. nginx's fastcgi_read_timeout must be longer")
            .reloads(),
        number(
            "stream_seconds", at(&config::routes, &routes::settings::stream_time), "seconds", 10,
            86'400,
            "the longest that a stream lasts; each stream's time is drawn from the second half of "
            "it. Its client comes back by itself")
            .reloads(),
        number<std::chrono::seconds>("stream_heartbeat_seconds",
                                     at(&config::routes, &routes::settings::stream_heartbeat),
                                     "seconds", 1, 25,
                                     "the longest that a stream is silent: then it gets a comment, "
                                     "so that nothing on the way "
                                     "takes it for dead")
            .reloads(),
        number("look_ms", at(&config::walls, &walls::settings::look), "milliseconds", 10, 60'000,
               "time between two comparisons of what is parked with the hash")
            .reloads(),
        number("refresh_ms",
               at(&config::walls, &walls::settings::refresh, &walls::refresher::settings::period),
               "milliseconds", 10, 60'000,
               "time between two looks at PostgreSQL while a client is connected; half of it while "
               "no notifications arrive")
            .reloads(),
        number("page_entries",
               at(&config::walls, &walls::settings::backlog, &walls::backlog::limits::entries),
               "entries", 1, 10'000, "entries of one wall in one answer or event")
            .reloads(),
        number("wall_bytes",
               at(&config::walls, &walls::settings::backlog, &walls::backlog::limits::wall_bytes),
               "bytes", 4'096, 64 * mib,
               "entries of one wall in one answer or event, as JSON; one entry is sent whatever "
               "its size")
            .reloads(),
        number("answer_bytes",
               at(&config::walls, &walls::settings::backlog, &walls::backlog::limits::answer_bytes),
               "bytes", 131'072, 64 * mib,
               "one answer or event; the walls for which there is no room come with the next")
            .reloads(),
        number("history_bytes", at(&config::database, &db::settings::page_bytes), "bytes", 4'096,
               64 * mib,
               "posts in one page of history or of a search, as JSON; one post is sent whatever "
               "its size"),
        number("recent_bytes",
               at(&config::walls, &walls::settings::recent, &walls::recent_entries::limits::bytes),
               "bytes", 0, 64 * gib,
               "newest entries kept in memory for what is parked, all walls together")
            .reloads(),
        number<std::chrono::days>("session_days",
                                  at(&config::database, &db::settings::session_lifetime), "days", 1,
                                  3650, "how long a sign-in lasts"),
        number("max_sessions_per_user", at(&config::database, &db::settings::max_sessions_per_user),
               "sessions; 0: no limit", 0, 1'000'000,
               "sessions of one user; a sign-in ends the oldest beyond"),
        number("password_threads", at(&config::database, &db::settings::password_threads),
               "threads", 1, 64, "passwords verified at a time; the threads have a low priority"),
        number("waiting_sign_ins", at(&config::database, &db::settings::waiting_sign_ins),
               "sign-ins", 1, 100'000,
               "sign-ins that may wait for that, half of them from one address; more are answered "
               "503 or 429"),
        text("token_keys", at(&config::tokens, &signed_tokens::settings::keys), "path",
             "a JSON Web Key Set that verifies tokens which an application signs in place of "
             "sessions (docs/PROTOCOL.md); read again with each reload",
             "none: sessions alone")
            .reloads(),
        text("token_issuer",
             at(&config::tokens, &signed_tokens::settings::must, &signed_tokens::expected::issuer),
             "text", "the iss that such a token must have", "any")
            .reloads(),
        text(
            "token_audience",
            at(&config::tokens, &signed_tokens::settings::must, &signed_tokens::expected::audience),
            "text", "the aud that such a token must have; without this option it must have none",
            "none")
            .reloads(),
        custom("cors_origins", "origins", "none",
               "pages of other origins that may use the server with credentials, separated by "
               "commas; * admits every origin without credentials",
               set_cors_origins)
            .reloads(),
        judged("cookie_name", at(&config::routes, &routes::settings::cookie_name), "name",
               "the cookie that holds a browser's session; each of several instances at one host "
               "needs a name of its own (docs/OPERATIONS.md). __Host- and __Secure- before it are "
               "kept by browsers, which then demand Secure, __Host- the path / as well. Another "
               "name signs out whoever has the former one",
               routes::fault_in_cookie_name)
            .reloads(),
        judged("cookie_path", at(&config::routes, &routes::settings::cookie_path), "path",
               "below it browsers send that cookie, so the application must be there; / is the "
               "whole host",
               routes::fault_in_cookie_path)
            .reloads(),
        choice("secure_cookies", at(&config::routes, &routes::settings::secure_cookie),
               "auto, on or off",
               {{"auto", cookies::as_request}, {"on", cookies::secure}, {"off", cookies::plain}},
               "mark the session's cookie Secure; auto: when the request came over https, or "
               "cookie_name demands it")
            .reloads(),
        flag("rate_limits",
             at(&config::routes, &routes::settings::rates, &routes::rate_settings::on),
             "the twelve limits that follow; off: none of them, for a load test")
            .reloads(),
        number("user_polls_per_second",
               at(&config::routes, &routes::settings::rates,
                  &routes::rate_settings::user_polls_per_second),
               "polls; 0: no limit", 0, 1'000'000,
               "polls, and beginnings of streams, of one user, ten times as many at once; more are "
               "answered 429")
            .reloads(),
        number("address_polls_per_second",
               at(&config::routes, &routes::settings::rates,
                  &routes::rate_settings::address_polls_per_second),
               "polls; 0: no limit", 0, 1'000'000,
               "polls, and beginnings of streams, from one address, ten times as many at once; "
               "more are "
               "answered 429. IPv6: from one /64, four times as many from its /56 and 16 times "
               "from its /48, here and below")
            .reloads(),
        number("user_posts_per_second",
               at(&config::routes, &routes::settings::rates,
                  &routes::rate_settings::user_posts_per_second),
               "posts; 0: no limit", 0, 1'000'000,
               "posts of one user, ten times as many at once; more are answered 429")
            .reloads(),
        number("address_posts_per_second",
               at(&config::routes, &routes::settings::rates,
                  &routes::rate_settings::address_posts_per_second),
               "posts; 0: no limit", 0, 1'000'000,
               "posts from one address, ten times as many at once; more are answered 429")
            .reloads(),
        number("user_reads_per_second",
               at(&config::routes, &routes::settings::rates,
                  &routes::rate_settings::user_reads_per_second),
               "requests; 0: no limit", 0, 1'000'000,
               "GETs of one user (history, walls, session, and searches, which count as posts, "
               "too), ten times as many at once; more are answered 429")
            .reloads(),
        number("address_reads_per_second",
               at(&config::routes, &routes::settings::rates,
                  &routes::rate_settings::address_reads_per_second),
               "requests; 0: no limit", 0, 1'000'000,
               "the same from one address, whoever they say they are")
            .reloads(),
        number("address_sign_ins_per_minute",
               at(&config::routes, &routes::settings::rates,
                  &routes::rate_settings::address_sign_ins_per_minute),
               "sign-ins; 0: no limit", 0, 1'000'000,
               "sign-ins from one address, a minute's worth at once; more are answered 429")
            .reloads(),
        number("address_refusals_per_second",
               at(&config::routes, &routes::settings::rates,
                  &routes::rate_settings::address_refusals_per_second),
               "refusals; 0: no limit", 0, 1'000'000,
               "answers 400 to 499 that one address gets at once, and ten times as many in a row; "
               "further ones are held back for half a second, so that a flood of what is refused "
               "slows itself down")
            .reloads(),
        number("sign_in_longest_delay_seconds",
               at(&config::routes, &routes::settings::rates,
                  &routes::rate_settings::sign_in_longest_delay),
               "seconds; 0: no delay", 0, 86'400,
               "after five failed sign-ins with one name from one address each further one makes "
               "the next wait twice as long, from 1 s up to this")
            .reloads(),
        number("max_parked_per_user", at(&config::walls, &walls::settings::max_parked_per_user),
               "polls and streams; 0: no limit", 0, 1'000'000,
               "parked polls and streams of one user; with one more the oldest is answered with "
               "nothing new, or ends")
            .reloads(),
        number(
            "max_parked_per_address",
            at(&config::routes, &routes::settings::rates,
               &routes::rate_settings::max_parked_per_address),
            "polls and streams; 0: no limit", 0, 100'000'000,
            "parked polls and streams of guests from one address (docs/PROTOCOL.md, \"Guests\"); "
            "more are answered 429, or end. Tell nginx of a proxy in front of it, or all are of "
            "one address (docs/SECURITY.md)")
            .reloads(),
        number("max_parked_guests", at(&config::walls, &walls::settings::max_parked_guests),
               "polls and streams; 0: a quarter of max_parked", 0, 100'000'000,
               "parked polls and streams of all guests together; more are answered 503, or end, "
               "and members have the other places")
            .reloads(),
        number("max_params_bytes", at(&config::fastcgi, &fastcgi::limits::max_params_bytes),
               "bytes", 1024, gib, "head of one request (FastCGI PARAMS)")
            .reloads(),
        number("max_body_bytes", at(&config::fastcgi, &fastcgi::limits::max_body_bytes), "bytes",
               1024, gib, "body of one request; a larger one is answered 413")
            .reloads(),
        number("max_requests_per_connection",
               at(&config::fastcgi, &fastcgi::limits::max_requests_per_connection), "requests", 1,
               65'535, "requests at a time on one FastCGI connection")
            .reloads(),
        number("max_connections", at(&config::fastcgi, &fastcgi::limits::max_connections),
               "connections", 1, 10'000'000, "FastCGI connections at a time")
            .reloads(),
        number(
            "max_parked", at(&config::walls, &walls::settings::max_parked), "polls and streams", 1,
            100'000'000,
            "polls, streams and requests of applications parked at a time; more are answered 503, "
            "or go back")
            .reloads(),
        number("max_queued_bytes", at(&config::fastcgi, &fastcgi::limits::max_queued_bytes),
               "bytes", 65'536, gib,
               "answers waiting for a slow peer, each connection; beyond, what has more for it "
               "waits, and nothing more is read from it")
            .reloads(),
        number("max_answer_bytes", at(&config::walls, &walls::settings::room_bytes), "bytes",
               4 * mib, 64 * gib,
               "answers in memory at a time, of polls and history, being read or being sent; "
               "whoever asks "
               "for more waits. One user's may take a quarter, pages kept for others an eighth")
            .reloads(),
        number("receive_timeout_seconds", at(&config::fastcgi, &fastcgi::limits::receive_timeout),
               "seconds", 1, 3600, "the longest silence within a request that has begun to arrive")
            .reloads(),
        number("send_timeout_seconds", at(&config::fastcgi, &fastcgi::limits::send_timeout),
               "seconds", 1, 3600, "the longest that a peer may take none of a waiting answer")
            .reloads(),
        number("stop_timeout_seconds", at(&config::stop_timeout), "seconds", 1, 3600,
               "the longest that the server waits for running requests when it is told to stop")
            .reloads(),
        choice("others_take_over", at(&config::others_take_over), "auto, on or off",
               {{"auto", config::take_over::if_one_of_several},
                {"on", config::take_over::yes},
                {"off", config::take_over::no}},
               "who connects to a socket of systemd while the server stops is refused, so that "
               "nginx goes on to another process of its upstream; off: waits for the next process. "
               "auto: on for pollster@1 and its like"),
        number("returns_per_second", at(&config::routes, &routes::settings::returns_per_second),
               "clients", 1, 1'000'000,
               "clients whose polls or streams end because the server stops are told when to come "
               "back: so many a second")
            .reloads(),
        number("park_releases_per_second",
               at(&config::adapters, &adapters::settings::park_releases_per_second),
               "requests; 0: no limit", 0, 1'000'000,
               "requests parked by other applications (docs/PARK.md) that go back to them: so many "
               "a second, the others wait their turn. As many as their workers answer")
            .reloads(),
        choice("log_level", at(&config::log, &log_settings::level), "level",
               {{"trace", "trace"},
                {"debug", "debug"},
                {"info", "info"},
                {"warning", "warning"},
                {"error", "error"},
                {"off", "off"}},
               "least weight of what is logged: trace, debug, info, warning, error or off")
            .reloads(),
        text("log_file", at(&config::log, &log_settings::file), "path", "where the log goes",
             "standard error")
            .reloads(),
        text(
            "log_format", at(&config::log, &log_settings::format), "pattern",
            "a line of the log, as spdlog's set_pattern takes it, or json: an object a line. In "
            "systemd's journal each has its priority in front, and the default leaves out what the "
            "journal knows itself")
            .reloads(),
    };
}

} // namespace

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

} // namespace pollster
