// What the doctor reads and judges: nginx's configuration, answers from outside, /proc.
#include "fcgi_app/cli/doctor/host.hpp"
#include "fcgi_app/cli/doctor/outside.hpp"
#include "tests/fcgi_app/cli/shell.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

using namespace pollster::doctor;
using namespace std::chrono_literals;

namespace {

std::vector<directive> tree_of(const std::string& dump)
{
    auto parsed = parse_nginx(dump);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) {
        throw std::runtime_error(*wrong);
    }
    return std::get<std::vector<directive>>(std::move(parsed));
}

std::string complaint(const std::string& dump)
{
    auto parsed = parse_nginx(dump);
    const auto* wrong = std::get_if<std::string>(&parsed);
    return wrong == nullptr ? "" : *wrong;
}

// A configuration without a fault, in which a test replaces a piece.
struct nginx {
    std::string text =
        "worker_processes 2;\n"
        "worker_rlimit_nofile 65536;\n"
        "events { worker_connections 65536; }\n"
        "http {\n"
        "  upstream pollster { server unix:/run/pollster/pollster.sock; keepalive 16384; }\n"
        "  server {\n"
        "    listen 80 reuseport backlog=65535;\n"
        "    server_name _;\n"
        "    keepalive_timeout 75s;\n"
        "    location ^~ /api/ {\n"
        "      fastcgi_pass pollster;\n"
        "      fastcgi_keep_conn on;\n"
        "      fastcgi_read_timeout 75s;\n"
        "    }\n"
        "  }\n"
        "}\n";
    facts about_host;

    nginx() { about_host.poll_time = 60s; }

    nginx& with(const std::string& before, const std::string& after)
    {
        const auto at = text.find(before);
        BOOST_REQUIRE_MESSAGE(at != std::string::npos, before);
        text.replace(at, before.size(), after);
        return *this;
    }
    std::vector<finding> findings() const
    {
        return check_nginx(view_of(tree_of(text), {"unix:/somewhere/else.sock"}), about_host);
    }
    std::string codes() const
    {
        std::string out;
        for (const auto& f : findings()) {
            BOOST_TEST(!f.what.empty());
            BOOST_TEST(!f.todo.empty());
            out += (out.empty() ? "" : " ") + f.code;
        }
        return out;
    }
};

web_answer cors_answer(const std::string& headers)
{
    return answer_of("HTTP/1.1 200 OK\r\n" + headers + "\r\nbody\n1.1 0.5");
}

} // namespace

BOOST_AUTO_TEST_SUITE(doctor_)

BOOST_AUTO_TEST_CASE(the_files_of_a_dump_become_one_tree)
{
    const auto tree = tree_of("nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n"
                              "# configuration file /etc/nginx/nginx.conf:\n"
                              "user www-data; # a comment; with a semicolon\n"
                              "http {\n"
                              "  include conf.d/*.conf;\n"
                              "  include /elsewhere/a.conf;\n"
                              "}\n"
                              "# configuration file /etc/nginx/conf.d/x.conf:\n"
                              "map $a $b { default \"a ; { b\"; '~^\\'x' y; }\n"
                              "# configuration file /elsewhere/a.conf:\n"
                              "\n"
                              "log_format l '$x'\n  'y';\n"
                              "return 200 ${host}/path#no;\n");
    BOOST_REQUIRE(tree.size() == 2u);
    BOOST_TEST(tree[0].words == (std::vector<std::string>{"user", "www-data"}),
               boost::test_tools::per_element());
    const auto& http = tree[1].block;
    BOOST_REQUIRE(http.size() == 3u);
    BOOST_TEST(http[0].name() == "map");
    BOOST_TEST(http[0].block[0].argument(1) == "a ; { b");
    BOOST_TEST(http[0].block[1].name() == "~^'x");
    BOOST_TEST(http[1].place() == "/elsewhere/a.conf:2");
    BOOST_TEST(http[1].argument(3) == "y");
    BOOST_TEST(http[2].argument(2) == "${host}/path#no");
    BOOST_TEST(http[2].place() == "/elsewhere/a.conf:4");
}

BOOST_AUTO_TEST_CASE(what_is_no_configuration_is_refused_with_its_place)
{
    BOOST_TEST(complaint("http {\n server {\n") == "nginx.conf:2: server { is never closed");
    BOOST_TEST(complaint("a;\n}\n") == "nginx.conf:2: a } too many");
    BOOST_TEST(complaint("a b") == "nginx.conf:1: a does not end with ;");
    BOOST_TEST(complaint("{ }") == "nginx.conf:1: a block without a name");
    BOOST_TEST(complaint("# configuration file /a:\ninclude /b;\n# configuration file /b:\n"
                         "include /a;\n") == "/a includes itself");
    std::string deep;
    for (int i = 0; i < 1000; ++i) {
        deep += "a { ";
    }
    BOOST_TEST(complaint(deep) == "nginx.conf: too deep");
    // Each file includes the next one twice.
    std::string wide;
    for (int i = 0; i < 45; ++i) {
        const std::string next = "/" + std::to_string(i + 1);
        wide += "# configuration file /" + std::to_string(i) + ":\ninclude " + next +
                ";\ninclude " + next + ";\n";
    }
    BOOST_TEST(complaint(wide).ends_with("more than 100,000 directives"), complaint(wide));
    BOOST_TEST(complaint("") == "");
}

BOOST_AUTO_TEST_CASE(a_good_configuration_has_no_findings)
{
    BOOST_TEST(nginx().codes() == "");
}

BOOST_AUTO_TEST_CASE(a_configuration_without_pollster)
{
    BOOST_TEST(nginx().with("fastcgi_pass pollster;", "fastcgi_pass 127.0.0.1:9000;").codes() ==
               "no-site");
    // Found by its address, whatever it is called.
    BOOST_TEST(nginx()
                   .with("upstream pollster { server unix:/run/pollster/pollster.sock",
                         "upstream chat { server unix:/somewhere/else.sock")
                   .with("fastcgi_pass pollster;", "fastcgi_pass chat;")
                   .codes() == "");
}

BOOST_AUTO_TEST_CASE(another_site_wins)
{
    const std::string other = "  server { listen 80 default_server; }\n  server {\n";
    auto shadowed = nginx();
    shadowed.with("  server {\n", other);
    BOOST_REQUIRE(shadowed.codes() == "default-site");
    const auto f = shadowed.findings()[0];
    BOOST_TEST(f.what == "requests to *:80 go to the site at nginx.conf:6 and not to Pollster's at "
                         "nginx.conf:7");
    BOOST_TEST(f.todo.find("rm /etc/nginx/sites-enabled/default") != std::string::npos);
    // The first is the default, too; one with a name of its own is reached by that.
    BOOST_TEST(nginx().with("  server {\n", "  server { listen 80; }\n  server {\n").codes() ==
               "default-site");
    auto named = nginx();
    named.with("  server {\n", other).with("server_name _;", "server_name chat.example;");
    BOOST_TEST(named.codes() == "");
    named.about_host.outside = target{"http", "chat.example", 80};
    BOOST_TEST(named.codes() == "");
    named.about_host.outside = target{"http", "other.example", 80};
    BOOST_TEST(named.codes() == "default-site");
    // On another port it takes nothing away.
    BOOST_TEST(nginx()
                   .with("  server {\n", "  server { listen 8080 default_server; }\n  server {\n")
                   .codes() == "");
}

BOOST_AUTO_TEST_CASE(buffering_and_caches)
{
    const std::string last = "      fastcgi_read_timeout 75s;\n";
    const auto codes = [&](const std::string& more) {
        return nginx().with(last, last + more).codes();
    };
    BOOST_TEST(codes("fastcgi_cache zone;") == "cache");
    BOOST_TEST(codes("fastcgi_cache off;") == "");
    BOOST_TEST(codes("fastcgi_ignore_client_abort on;") == "client-abort");
    BOOST_TEST(codes("fastcgi_buffering off;") == "buffering");
    BOOST_TEST(codes("fastcgi_request_buffering off;") == "request-buffering");
    BOOST_TEST(codes("fastcgi_ignore_headers Expires X-Accel-Buffering;") == "ignored-header");
    // Inherited from outside, unless the location says otherwise.
    const std::string cached = "  server {\n    fastcgi_cache zone;\n";
    BOOST_TEST(nginx().with("  server {\n", cached).codes() == "cache");
    BOOST_TEST(
        nginx().with("  server {\n", cached).with(last, last + "fastcgi_cache off;").codes() == "");
}

BOOST_AUTO_TEST_CASE(timeouts)
{
    auto without = nginx();
    without.with("      fastcgi_read_timeout 75s;\n", "");
    BOOST_REQUIRE(without.codes() == "read-timeout");
    BOOST_TEST(without.findings()[0].todo == "fastcgi_read_timeout 75s;");
    without.about_host.poll_time = 30s;
    BOOST_TEST(without.codes() == "");
    BOOST_TEST(nginx().with("read_timeout 75s", "read_timeout 1m").codes() == "read-timeout");
    BOOST_TEST(nginx().with("read_timeout 75s", "read_timeout 2m").codes() == "");
    BOOST_TEST(nginx().with("keepalive_timeout 75s", "keepalive_timeout 0").codes() ==
               "keepalive-timeout");
    BOOST_TEST((time_of("1m 30s") == 90s));
    BOOST_TEST((time_of("500ms") == 500ms));
    BOOST_TEST((time_of("2h") == 2h));
    for (const char* none : {"", "s", "5x", "-1", "1 y"}) {
        BOOST_TEST(!time_of(none), none);
    }
}

BOOST_AUTO_TEST_CASE(connections_between_nginx_and_pollster_are_kept)
{
    BOOST_TEST(nginx().with("fastcgi_keep_conn on;", "").codes() == "keep-conn");
    BOOST_TEST(nginx().with("fastcgi_keep_conn on;", "fastcgi_keep_conn off;").codes() ==
               "keep-conn");
    BOOST_TEST(nginx().with(" keepalive 16384;", "").codes() == "keepalive");
    BOOST_TEST(nginx()
                   .with("fastcgi_pass pollster;", "fastcgi_pass unix:/run/pollster/pollster.sock;")
                   .codes() == "keepalive");
}

BOOST_AUTO_TEST_CASE(descriptors_of_workers)
{
    BOOST_TEST(nginx().with("worker_connections 65536", "worker_connections 768").codes() ==
               "worker-connections");
    BOOST_TEST(nginx().with("events { worker_connections 65536; }", "events { }").codes() ==
               "worker-connections");
    auto unlimited = nginx();
    unlimited.with("worker_rlimit_nofile 65536;", "");
    BOOST_TEST(unlimited.codes() == "descriptors");
    unlimited.about_host.worker_files = 524'288;
    BOOST_TEST(unlimited.codes() == "");
}

BOOST_AUTO_TEST_CASE(backlog_and_reuseport)
{
    BOOST_TEST(nginx().with(" backlog=65535", "").codes() == "backlog");
    BOOST_TEST(nginx().with(" reuseport", "").codes() == "reuseport");
    BOOST_TEST(nginx().with(" reuseport", "").with("processes 2", "processes 1").codes() == "");
    // nginx wants options of an address in one place, whichever site that is.
    BOOST_TEST(
        nginx()
            .with(" reuseport backlog=65535", " default_server")
            .with("  server {\n", "  server { listen 80 reuseport backlog=65535; }\n  server {\n")
            .codes() == "");
    auto small = nginx();
    small.about_host.somaxconn = 4'096;
    BOOST_TEST(small.codes() == "somaxconn");
}

BOOST_AUTO_TEST_CASE(a_second_nginx_on_the_same_port)
{
    auto n = nginx();
    n.about_host.owners = {{80, 100, "nginx"}, {80, 100, "nginx"}, {81, 200, "nginx"}};
    BOOST_TEST(n.codes() == "");
    n.about_host.owners.push_back({80, 200, "nginx"});
    BOOST_REQUIRE(n.codes() == "second-nginx");
    BOOST_TEST(n.findings()[0].what.find("nginx (process 100), nginx (process 200)") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_mistake_that_two_addresses_share_is_told_for_each_and_once)
{
    auto n = nginx();
    n.with("listen 80 reuseport backlog=65535;", "listen 80 reuseport; listen [::]:80 reuseport;");
    BOOST_TEST(n.codes() == "backlog backlog");
    n.with("  }\n}\n", "    location = /api/metrics { fastcgi_pass pollster; fastcgi_keep_conn on; "
                       "fastcgi_read_timeout 75s; }\n  }\n}\n");
    BOOST_TEST(n.codes() == "backlog backlog");
}

BOOST_AUTO_TEST_CASE(urls)
{
    const auto t = target_of("https://chat.example:8443/api/?x");
    BOOST_REQUIRE(t.has_value());
    BOOST_TEST(t->host == "chat.example");
    BOOST_TEST(t->port == 8443);
    BOOST_TEST(target_of("http://[::1]/")->host == "[::1]");
    BOOST_TEST(target_of("http://a")->port == 80);
    for (const char* none : {"", "chat.example", "ftp://a/", "http://", "http:///x", "http://a:0/",
                             "http://ann:secret@a/"}) {
        BOOST_TEST(!target_of(none).has_value(), none);
    }
}

BOOST_AUTO_TEST_CASE(an_answer_is_read_with_its_headers)
{
    const auto a = answer_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/2 503 \r\nRetry-AFTER: 2\r\n"
                             "x: a:b\r\n\r\n{\"a\":\n1}\n2 0.250000");
    BOOST_TEST(a.status == 503);
    BOOST_TEST(a.version == "2");
    BOOST_TEST((a.took == 250ms));
    BOOST_TEST(a.body == "{\"a\":\n1}");
    BOOST_TEST(a.all("retry-after").at(0) == "2");
    BOOST_TEST(a.all("x").at(0) == "a:b");
    BOOST_TEST(answer_of("\n0 0.001").status == 0);
    BOOST_TEST(answer_of("").status == 0);
}

BOOST_AUTO_TEST_CASE(answers_to_other_origins)
{
    const std::string page = "https://shop.example";
    const std::string grant = "Access-Control-Allow-Origin: " + page + "\r\n";
    const std::string credentials = "Access-Control-Allow-Credentials: true\r\n";
    const auto code = [&](const std::string& headers, bool allowed) {
        const auto found = judge_cors(cors_answer(headers), page, allowed);
        return found.empty() ? "" : found[0].code;
    };
    BOOST_TEST(code(grant + credentials, true) == "");
    BOOST_TEST(code("Access-Control-Allow-Origin: *\r\n", true) == "");
    BOOST_TEST(code("", true) == "cors");
    BOOST_TEST(code("Access-Control-Allow-Origin: https://a.example\r\n", true) == "cors");
    BOOST_TEST(code(grant + grant + credentials, true) == "cors");
    BOOST_TEST(code("", false) == "");
    BOOST_TEST(code("Access-Control-Allow-Origin: *\r\n", false) == "");
    BOOST_TEST(code(grant + credentials, false) == "cors-open");
}

BOOST_AUTO_TEST_CASE(news_through_a_poll)
{
    const auto good = answer_of("HTTP/1.1 200 OK\r\n\r\n{\"body\":\"hi\"}\n1.1 1.0");
    BOOST_TEST(judge_news(good, "hi", 900ms).empty());
    BOOST_TEST(judge_news(good, "hi", 6s).at(0).code == "held-back");
    BOOST_TEST(judge_news(good, "another", 900ms).at(0).code == "poll");
    const auto refused = answer_of("HTTP/1.1 403 No\r\n\r\nno\n1.1 1.0");
    BOOST_TEST(judge_news(refused, "hi", 900ms).at(0).what ==
               "a poll did not bring a post: status 403 no");
}

BOOST_AUTO_TEST_CASE(events_of_a_stream)
{
    BOOST_TEST(
        judge_stream(answer_of("HTTP/1.1 200 OK\r\n\r\ndata: hi\n\n\n1.1 9.9"), "hi").empty());
    BOOST_TEST(judge_stream(answer_of("HTTP/1.1 200 OK\r\n\r\n\n1.1 9.9"), "hi").at(0).code ==
               "buffered");
    BOOST_TEST(judge_stream(answer_of("HTTP/1.1 502 No\r\n\r\n\n1.1 9.9"), "hi").at(0).what ==
               "the events of a stream do not arrive while it is open: status 502");
}

BOOST_AUTO_TEST_CASE(a_poll_that_is_ended_on_the_way)
{
    BOOST_TEST(
        judge_parked(answer_of("HTTP/1.1 200 OK\r\n\r\n{\"walls\":{}}\n1.1 58.1"), 60s).empty());
    const auto cut = judge_parked(answer_of("HTTP/1.1 504 Gateway\r\n\r\n\n1.1 30.2"), 60s);
    BOOST_REQUIRE(cut.size() == 1u);
    BOOST_TEST(cut[0].code == "idle-timeout");
    BOOST_TEST(cut[0].what == "a poll that waits was ended after 30 s (status 504), but Pollster "
                              "lets it wait for up to 60 s");
    BOOST_TEST(cut[0].todo.find("75 s") != std::string::npos);
    web_answer dropped;
    dropped.error = "curl: (52) Empty reply from server";
    BOOST_TEST(judge_parked(dropped, 60s)[0].what.find("Empty reply") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_command_tells_each_finding_and_counts_them)
{
    pollster::cli::testing::shell shell;
    shell.database.findings = {"The encoding is LATIN1."};
    shell.database.advices = {{"made-up", "it is late", "set it"}};
    const std::vector<std::string> doctor{"doctor",
                                          "--nginx",
                                          "-",
                                          "--database",
                                          "user=x",
                                          "--listen",
                                          "unix:/no/such/folder/p.sock"};
    const auto t = shell.type(doctor, nginx().text);
    BOOST_TEST(t.code == pollster::cli::failed);
    for (const char* line :
         {"socket-folder: listen = unix:/no/such/folder/p.sock: there is no folder "
          "/no/such/folder. To do: ",
          "socket: unix:/no/such/folder/p.sock: No such file or directory. To do: is the server",
          "contract: database: The encoding is LATIN1. To do: ",
          "made-up: database: it is late. To do: set it\n"}) {
        BOOST_TEST(t.out.find(line) != std::string::npos, line + std::string(" in ") + t.out);
    }
    BOOST_TEST(t.err.ends_with(" findings\n"), t.err);
    BOOST_TEST(shell.last_asked() == "advise 15");
    shell.misuse({"doctor", "chat.example"},
                 "URL is http://HOST/... or https://HOST/..., not \"chat.example\"");
    shell.database.no_connection = "The database is away.";
    const auto away = shell.type(doctor, nginx().text);
    BOOST_TEST(away.out.find("database: database: The database is away. To do: `pollster setup`") !=
                   std::string::npos,
               away.out);
}

BOOST_AUTO_TEST_CASE(listening_sockets_of_proc)
{
    const std::string rest = " 00000000:00000000 00:00000000 00000000     0        0 12345 1 0";
    const auto found = listening_in("   0: 00000000:0050 00000000:0000 0A" + rest);
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->port == 80);
    BOOST_TEST(found->inode == "12345");
    BOOST_TEST(!listening_in("   1: 0100007F:0050 0100007F:9000 01" + rest).has_value());
    BOOST_TEST(!listening_in("  sl  local_address rem_address   st tx_queue").has_value());
    BOOST_TEST(!listening_in("").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
