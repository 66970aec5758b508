// The three shipped sites: what nginx does by itself, and that the application is where it should
// be.
#include "tests/e2e/stack.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace e2e;

namespace {

stack& shared()
{
    static stack s;
    return s;
}

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

void is_error(const reply& r, int status)
{
    BOOST_TEST(r.status == status);
    BOOST_TEST(r.header("Content-Type") == "application/json");
    BOOST_TEST(r.json().at("errors").as_array().size() == 1u);
}

void pings(const stack& s)
{
    const auto r = s.api("GET", "/");
    BOOST_TEST(r.status == 200);
    BOOST_TEST(r.body == R"({"ack":"huzzah!"})");
    BOOST_TEST(r.header("Cache-Control") == "no-store");
    BOOST_TEST(r.header("Content-Type") == "application/json");
}

void polls(const stack& s)
{
    const auto r = s.api("POST", "/", poll_form(s.session_of("ann"), {{1, 0}}), form_header);
    BOOST_TEST(r.status == 200);
    BOOST_TEST(r.json().at("walls").at("1").at("posts").as_array().at(0).at("id").as_int64() == 1);
}

// A poll that was refused has a line, and so has all else. On one connection, so that one worker of
// nginx writes all of it, in this order.
void logs_no_poll_that_was_answered(const stack& s)
{
    auto client = s.client();
    const auto poll = [&](const std::string& session) {
        return client.call("POST", s.mount() + "/", poll_form(session, {{1, 0}}), form_header)
            .status;
    };
    const auto session = s.session_of("ann");
    BOOST_TEST(poll(session) == 200);
    BOOST_TEST(poll("nobody") == 400);
    BOOST_TEST(client.call("GET", s.mount() + "/walls", {}, json_of(session)).status == 200);
    std::string log;
    eventually("nginx writes the last line", [&] {
        log = read_text(s.folder() / "nginx" / "logs" / "access.log");
        return contains(log, "\"GET " + s.mount() + "/walls HTTP/1.1\" 200 ");
    });
    const auto line = "\"POST " + s.mount() + "/ HTTP/1.1\" ";
    BOOST_TEST(contains(log, line + "400 "), log);
    BOOST_TEST(!contains(log, line + "200 "), log);
}

} // namespace

BOOST_AUTO_TEST_SUITE(site_)

BOOST_AUTO_TEST_CASE(the_page_comes_with_a_strict_policy)
{
    const auto page = shared().client().call("GET", "/");
    BOOST_TEST(page.status == 200);
    BOOST_TEST(page.header("Content-Type") == "text/html; charset=utf-8");
    const auto policy = page.header("Content-Security-Policy");
    BOOST_TEST(contains(policy, "default-src 'none'"));
    BOOST_TEST(contains(policy, "frame-ancestors 'none'"));
    BOOST_TEST(!contains(policy, "unsafe"));
    BOOST_TEST(page.header("X-Content-Type-Options") == "nosniff");
    BOOST_TEST(page.header("Referrer-Policy") == "no-referrer");
    BOOST_TEST(page.header("Cache-Control") == "no-cache");
    const auto script = shared().client().call("GET", "/pollster.js");
    BOOST_TEST(script.status == 200);
    BOOST_TEST(contains(script.header("Content-Type"), "javascript"));
    const auto unchanged =
        shared().client().call("GET", "/", {}, {{"If-None-Match", page.header("ETag")}});
    BOOST_TEST(unchanged.status == 304);
    BOOST_TEST(shared().client().call("GET", "/.git/config").status == 404);
}

BOOST_AUTO_TEST_CASE(ping_with_and_without_a_slash)
{
    pings(shared());
    BOOST_TEST(shared().client().call("GET", "/api").body == R"({"ack":"huzzah!"})");
    BOOST_TEST(shared().client().call("GET", "/api?a=b").body == R"({"ack":"huzzah!"})");
}

BOOST_AUTO_TEST_CASE(options_is_answered_on_any_path)
{
    for (const char* path : {"/", "/walls", "/no/such/path"}) {
        const auto r = shared().api("OPTIONS", path);
        BOOST_TEST(r.status == 200);
        BOOST_TEST(r.body.empty());
        BOOST_TEST(contains(r.header("Access-Control-Allow-Methods"), "DELETE"));
        BOOST_TEST(contains(r.header("Access-Control-Allow-Headers"), "X-CSRF-Token"));
    }
}

BOOST_AUTO_TEST_CASE(an_unknown_path_or_method_is_an_error_in_json)
{
    is_error(shared().api("GET", "/nothing/here"), 404);
    is_error(shared().api("PUT", "/walls"), 405);
    is_error(shared().api("BREW", "/walls"), 405);
    is_error(shared().api("PROPFIND", "/walls"), 405);
    is_error(shared().api("SEARCH", "/nothing"), 404);
    // Nor is a file that nginx must not show a matter below the mount.
    for (const char* path : {"/.git/config", "/walls/.x", "/walls/", "//", "/./x", "/%ff%fe",
                             "/x/../y", "/walls/1/posts/.", "/\xc3\xa9"}) {
        const auto r = shared().api("GET", path);
        BOOST_TEST(r.header("Content-Type") == "application/json", path);
        BOOST_TEST(r.header("Access-Control-Max-Age") == "600", path);
    }
    // A line break or an encoded slash in the path does not turn it into another route.
    is_error(shared().api("GET", "/%0a/"), 404);
    is_error(shared().api("GET", "/%0a"), 404);
}

BOOST_AUTO_TEST_CASE(what_nginx_refuses_by_itself_has_the_same_shape)
{
    is_error(shared().api("POST", "/", std::string(2'000'000, 'x'), form_header), 413);
    is_error(shared().api("GET", "/" + std::string(40'000, 'x')), 414);
    is_error(shared().api("GET", "/", {}, {{"X-Long", std::string(40'000, 'x')}}), 431);
    is_error(shared().api("GET", "/%zz"), 400);
    is_error(shared().api("GET", "/a%00b"), 400);
    is_error(shared().api("TRACE", "/"), 405);
    is_error(shared().api("POST", "/", {}, {{"Transfer-Encoding", "sideways"}}), 501);
    is_error(shared().api("get", "/"), 400);
}

BOOST_AUTO_TEST_CASE(head_is_get_without_the_body)
{
    const auto session = json_of(shared().session_of("ann"));
    for (const char* path : {"/", "/walls", "/session", "/walls/1/posts", "/walls/1/posts?limit=x",
                             "/metrics", "/nothing", "/walls/3/posts"}) {
        const auto got = shared().api("GET", path, {}, session);
        const auto head =
            run({"curl", "-s", "-I", "-H", session.front().first + ": " + session.front().second,
                 "http://127.0.0.1:" + std::to_string(shared().port()) + "/api" + path});
        BOOST_TEST(contains(head.output, "HTTP/1.1 " + std::to_string(got.status)), head.output);
        BOOST_TEST(contains(head.output, "Content-Type: " + got.header("Content-Type")), path);
        BOOST_TEST(contains(head.output, "Access-Control-Max-Age: 600"), path);
        if (path != std::string("/metrics")) { // which count this very request
            BOOST_TEST(contains(head.output, "Content-Length: " + std::to_string(got.body.size())),
                       path << head.output);
        }
    }
    BOOST_TEST(contains(shared().api("PATCH", "/").header("Allow"), "GET, HEAD, POST"));
}

BOOST_AUTO_TEST_CASE(a_body_over_the_applications_limit_is_answered_by_it)
{
    const auto r = shared().api("POST", "/", std::string(600'000, 'x'), form_header);
    is_error(r, 413);
    BOOST_TEST(!r.header("Access-Control-Allow-Methods").empty()); // nginx would not send it
}

BOOST_AUTO_TEST_CASE(metrics_are_for_this_host_only)
{
    BOOST_TEST(shared().metric("pollster_parked_polls") == 0);
    const auto site = read_text(source_folder() / "nginx" / "snippets" / "page.conf");
    BOOST_TEST(contains(site, "deny all;")); // every client of this test is local
}

BOOST_AUTO_TEST_CASE(a_poll_that_was_answered_has_no_line_in_the_log)
{
    logs_no_poll_that_was_answered(stack());
}

BOOST_AUTO_TEST_CASE(no_log_holds_a_query_or_a_session)
{
    const auto token = shared().session_of("bob");
    shared().api("GET", "/walls?secret=query", {}, json_of(token));
    shared().api("POST", "/?session_id=" + token, poll_form(token, {{7, 0}}), form_header);
    std::string access;
    eventually("nginx writes the line of the later one", [&] {
        access = read_text(shared().folder() / "nginx" / "logs" / "access.log");
        return contains(access, "\"POST /api/ HTTP/1.1\"");
    });
    BOOST_TEST(contains(access, "GET /api/walls HTTP/1.1"));
    for (const auto& log : {access, shared().log(), shared().nginx_log()}) {
        BOOST_TEST(!contains(log, "secret=query"));
        BOOST_TEST(!contains(log, token));
    }
}

BOOST_AUTO_TEST_CASE(a_request_has_one_id_in_both_logs_and_in_its_answer)
{
    const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const auto r =
        shared().api("GET", "/walls", {}, {{"traceparent", trace}, {"X-Request-Id", "mine"}});
    const auto id = r.header("X-Request-Id");
    BOOST_TEST(id.size() == 32u, id);
    BOOST_TEST(
        contains(shared().log(), " id=" + id + " traceparent=" + trace + " GET /walls -> 401"));
    BOOST_TEST(r.headers.count("X-Request-Id") == 1u);
    BOOST_TEST(r.header("traceparent") == trace);
    BOOST_TEST(shared().api("GET", "/walls").header("X-Request-Id") != id);
    eventually("nginx writes its line", [&] {
        return contains(read_text(shared().folder() / "nginx" / "logs" / "access.log"),
                        " " + id + "\n");
    });
    // What nginx answers by itself has one, too.
    const auto refused = shared().api("POST", "/", std::string(2'000'000, 'x'), form_header);
    BOOST_TEST(refused.header("X-Request-Id").size() == 32u);
}

BOOST_AUTO_TEST_CASE(well_known_files_are_no_hidden_files)
{
    for (const auto* site : {"pollster.conf", "pollster-api-host.conf"}) {
        const stack s({.site = site, .demo = false, .start = false});
        const auto folder = s.folder() / "nginx" / "acme" / ".well-known" / "acme-challenge";
        std::filesystem::create_directories(folder);
        std::ofstream(folder / "token") << "proof";
        const auto got = s.client().call("GET", "/.well-known/acme-challenge/token");
        BOOST_TEST(got.status == 200, site);
        BOOST_TEST(got.body == "proof", site);
        BOOST_TEST(s.client().call("GET", "/.well-known/acme-challenge/other").status == 404);
        if (site == std::string("pollster.conf")) {
            BOOST_TEST(s.client().call("GET", "/.git/config").status == 404);
            BOOST_TEST(s.client().call("GET", "/x/.well-known.swp").status == 404);
        }
    }
}

BOOST_AUTO_TEST_CASE(without_the_application_503_says_when_to_come_back)
{
    stack_options o;
    o.start = false;
    o.demo = false;
    const stack s(o);
    const auto r = s.api("GET", "/walls");
    is_error(r, 503);
    BOOST_TEST(r.header("Retry-After") == "2");
    BOOST_TEST(r.header("X-Request-Id").size() == 32u);
}

// An EventSource takes any other answer as the last word (HTML Standard), and 503 is one.
BOOST_AUTO_TEST_CASE(without_the_application_an_event_source_comes_back)
{
    for (const auto* site : {"pollster.conf", "pollster-https.conf", "pollster-api-host.conf"}) {
        stack_options o;
        o.start = false;
        o.demo = false;
        o.site = site;
        const stack s(o);
        const bool tls = std::string_view(site) == "pollster-https.conf";
        const std::string base = tls ? "https://127.0.0.1:" + std::to_string(s.tls_port())
                                     : "http://127.0.0.1:" + std::to_string(s.port());
        const std::string path = std::string_view(site) == "pollster-api-host.conf" ? "" : "/api";
        const auto r =
            run({"curl", "-gsk", "-w", "%{http_code} %{content_type}", "-H",
                 "Accept: text/event-stream", base + path + "/events?last_post_id[1]=0"});
        BOOST_TEST(r.output.starts_with("retry: 2000\n"), r.output); // its first connections
        BOOST_TEST(r.output.ends_with("\n\nevent: end\ndata: {\"reason\":\"unavailable\"}\n\n"
                                      "200 text/event-stream"),
                   r.output);
        // A post that was answered 200 would be taken for done.
        for (const auto* what : {"/walls/1/posts", "/events/1", "/history?q=/events", "/"}) {
            const auto other =
                run({"curl", "-gsk", "-o", "/dev/null", "-w", "%{http_code}", "-d", "x", "-H",
                     "Accept: application/json, text/event-stream", base + path + what});
            BOOST_TEST(other.output == "503", what);
        }
        const auto fetched = run({"curl", "-gsk", "-o", "/dev/null", "-w", "%{http_code}",
                                  base + path + "/events?last_post_id[1]=0"});
        BOOST_TEST(fetched.output == "503");
    }
}

BOOST_AUTO_TEST_CASE(the_site_of_the_application_alone)
{
    stack_options o;
    o.site = "pollster-api-host.conf";
    o.settings["cors_origins"] = "https://shop.example";
    const stack s(o);
    pings(s);
    polls(s);
    logs_no_poll_that_was_answered(s);
    is_error(s.api("GET", "/api/"), 404);
    BOOST_TEST(s.metric("pollster_parked_polls") == 0);
}

// node 18 asks ::1 for localhost, and nothing else.
BOOST_AUTO_TEST_CASE(each_address_of_localhost_answers)
{
    std::vector<std::string> addresses{"127.0.0.1"};
    std::ifstream interfaces("/proc/net/if_inet6"); // a host without IPv6 has none
    for (std::string line; std::getline(interfaces, line);) {
        if (line.starts_with("00000000000000000000000000000001 ")) {
            addresses.emplace_back("[::1]");
        }
    }
    for (const auto& address : addresses) {
        const auto url = "http://" + address + ":" + std::to_string(shared().port()) + "/api/";
        BOOST_TEST(run({"curl", "-sg", url}).output == R"({"ack":"huzzah!"})", url);
    }
}

BOOST_AUTO_TEST_CASE(https_with_http2)
{
    stack_options o;
    o.site = "pollster-https.conf";
    const stack s(o);
    const std::string base = "https://127.0.0.1:" + std::to_string(s.tls_port());
    const auto ping = run({"curl", "-sk", "--http2", "-w", " %{http_version}", base + "/api/"});
    BOOST_TEST(ping.output == R"({"ack":"huzzah!"} 2)");
    const auto page =
        run({"curl", "-sk", "-o", "/dev/null", "-w", "%{http_code} %{content_type}", base + "/"});
    BOOST_TEST(page.output == "200 text/html; charset=utf-8");
    const auto poll = run(
        {"curl", "-sk", "--http2", "-d", poll_form(s.session_of("ann"), {{1, 0}}), base + "/api/"});
    BOOST_TEST(poll.output.starts_with(R"({"walls":{"1":{"posts":[{"id":1,)"), poll.output);
    // On one connection, as in logs_no_poll_that_was_answered().
    const auto polls = run({"curl", "-sk", "--http2", "-w", "\n%{http_code} %{num_connects}\n",
                            "-d", poll_form(s.session_of("ann"), {{1, 0}}), base + "/api/",
                            "--next", "-sk", "--http2", "-w", "\n%{http_code} %{num_connects}\n",
                            "-d", poll_form("nobody", {{1, 0}}), base + "/api/"});
    BOOST_TEST(contains(polls.output, "\n200 1\n"), polls.output);
    BOOST_TEST(contains(polls.output, "\n400 0\n"), polls.output);
    std::string log;
    eventually("nginx writes the line of the poll that was refused", [&] {
        log = read_text(s.folder() / "nginx" / "logs" / "access.log");
        return contains(log, "\"POST /api/ HTTP/2.0\" 400 ");
    });
    BOOST_TEST(!contains(log, "\"POST /api/ HTTP/2.0\" 200 "), log);
    const auto signed_in =
        run({"curl", "-sk", "-D-", "-d", "name=ann&password=ann-demo-pass", base + "/api/session"});
    BOOST_TEST(contains(signed_in.output, "; Secure"));

    const auto plain = s.client().call("GET", "/x?y=1");
    BOOST_TEST(plain.status == 308);
    BOOST_TEST(plain.header("Location") ==
               "https://localhost:" + std::to_string(s.tls_port()) + "/x?y=1");
}

BOOST_AUTO_TEST_SUITE_END()
