// Parking from outside: through every shipped site, with and without the snippet, and through an
// application that passes on what a client says.
#include "tests/e2e/applications.hpp"

#include <boost/test/unit_test.hpp>

#include <sstream>

using namespace e2e;

namespace {

const std::string query = "walls=1:0&then=/api/";

// What a client may say to be taken for nginx.
const header_list forged{{"Pollster-Park", query},
                         {"POLLSTER_PARK", query},
                         {"X-Accel-Redirect", "/park/?" + query},
                         {"X-Park", query},
                         {"X-Forwarded-Uri", "/park/?" + query},
                         {"X-Original-URL", "/park/?" + query},
                         {"X-HTTP-Method-Override", "GET"}};

std::vector<std::string> ways_in(const std::string& mount)
{
    std::vector<std::string> all;
    for (const std::string& below : {std::string(), mount}) {
        for (const char* path : {"/park/", "/park", "/park/x", "//park/", "/park/./", "/x/../park/",
                                 "/%70ark/", "/park%2f", "/PARK/", "/@park", "/park/index.php"}) {
            all.push_back(below + path + '?' + query);
        }
    }
    return all;
}

void nothing_leads_in(const stack& s, const std::string& scheme, unsigned short port)
{
    const std::string host = scheme + "://127.0.0.1:" + std::to_string(port);
    const auto targets = ways_in(s.mount());
    for (const std::string method : {"GET", "POST", "PUT", "DELETE"}) {
        std::vector<std::string> command{"curl",           "-sk", "--path-as-is", "-g", "-w",
                                         "%{http_code}\n", "-m",  "60",           "-X", method};
        // A connection that nginx closes when it is reloaded would cost a request that is not sent
        // again.
        command.insert(command.end(), {"-H", "Connection: close"});
        for (const auto& [name, value] : forged) {
            command.insert(command.end(), {"-H", name + ": " + value});
        }
        if (method == "POST") {
            command.insert(command.end(), {"-d", query});
        }
        for (const auto& target : targets) {
            command.insert(command.end(), {"-o", "/dev/null", host + target});
        }
        std::istringstream statuses(run(command).output);
        for (const auto& target : targets) {
            std::string status;
            std::getline(statuses, status);
            // 405: of a page, which there is none of either.
            BOOST_TEST((status == "404" || (status == "405" && method != "GET")),
                       method << ' ' << target << ": " << status);
        }
    }
    const auto metrics = run({"curl", "-sk", host + s.mount() + "/metrics"}).output;
    BOOST_TEST(metrics.find("\npollster_parks 0\n") != std::string::npos);
    for (const char* outcome : {"news", "nothing", "again", "unknown", "refused", "left"}) {
        const auto none = "\npollster_parks_total{outcome=\"" + std::string(outcome) + "\"} 0\n";
        BOOST_TEST(metrics.find(none) != std::string::npos, outcome);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(park_outside_)

BOOST_AUTO_TEST_CASE(no_site_has_a_way_to_park_from_outside)
{
    for (const std::string site :
         {"pollster.conf", "pollster-api-host.conf", "pollster-https.conf"}) {
        stack_options o;
        o.site = site;
        stack s(o);
        const bool tls = site == "pollster-https.conf";
        // In the site of an application.
        for (const bool with_snippet : {false, true}) {
            BOOST_TEST_CONTEXT(site << (with_snippet ? " with park.conf" : ""))
            {
                if (with_snippet) {
                    change_nginx(s, "pollster/" + site, "include pollster/snippets/server.conf;",
                                 "    include pollster/snippets/park.conf;");
                }
                nothing_leads_in(s, tls ? "https" : "http", tls ? s.tls_port() : s.port());
            }
        }
    }
}

// As an application must not do it: what it is told, it says.
BOOST_AUTO_TEST_CASE(what_an_application_passes_on_from_a_client_leads_nowhere)
{
    chat s;
    applications a(s);
    a.add_page("careless.php", "<?php header('X-Accel-Redirect: /park/?' . $_GET['park']);");
    s.sql(insert_post(1, 1, "news"));
    int refused = 0;
    for (const std::string then :
         {"//evil.example/", "http://evil.example/", "/\\evil.example", "https:evil.example",
          "/echo.php%250D%250ASet-Cookie:%2520a=b", "/echo.php%2523x", "", "echo.php",
          "/x%252f%252fy", "@park%250d%250aX-Park:%2520x"}) {
        const auto r = a.get("/careless.php?park=walls=1:0%26then=" + then);
        BOOST_TEST(r.status == 500, then << ": " << text_of(r));
        BOOST_TEST(r.header("Location") == "", then);
        BOOST_TEST(r.header("Set-Cookie") == "", then);
        ++refused;
        BOOST_TEST(s.metric("pollster_parks_total{outcome=\"refused\"}") == refused, then);
    }
    BOOST_TEST(s.log().find("what an application asks for, to park it, is not understood") !=
               std::string::npos);
    BOOST_TEST(text_of(a.get("/careless.php?park=walls=1:0%26then=/echo.php")) == "200 GET ");
}

// As docs/PARK.md warns: nginx calls what it has rewritten internal.
BOOST_AUTO_TEST_CASE(a_rewrite_of_any_path_leads_in_and_one_that_names_its_paths_does_not)
{
    chat s;
    applications a(s);
    s.sql(insert_post(1, 1, "news"));
    change_nginx(s, "applications.conf", "include pollster/snippets/park.conf;",
                 "location /any/ { rewrite ^/any(/.*)$ $1 last; }\n"
                 "location /v1/ { rewrite " +
                     a.printed_between("^/v1(/shop", "`") + " $1 last; }");
    const std::string asked = "/park/?walls=1:0&then=%2Fecho.php";
    BOOST_TEST(text_of(a.get("/any" + asked)) == "200 GET ");
    for (const char* before : {"/v1", "/v1/v1", "/v1/shop/..", "/v1/shop/../v1", "/v1/."}) {
        BOOST_TEST(a.get(before + asked).status == 404, before);
    }
    BOOST_TEST(s.metric("pollster_parks_total{outcome=\"news\"}") == 1);
}

BOOST_AUTO_TEST_SUITE_END()
