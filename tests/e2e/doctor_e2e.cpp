// pollster doctor and check-config --connect beside the real nginx, whose configuration is broken
// in one way after the other, and through a proxy that does what proxies do.
#include "tests/e2e/stack.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace e2e;

namespace {

using codes = std::set<std::string>;

// Words of a report, without those that this machine and the test's own database cause: a kernel
// with its default limits, a superuser, a database that does not wait for its disk, delays.
codes codes_in(const std::string& output)
{
    codes out;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(": ");
        if (colon != std::string::npos && line.find(". To do: ") != std::string::npos) {
            out.insert(line.substr(0, colon));
        }
    }
    for (const char* of_this_machine : {"somaxconn", "superuser", "durability", "held-back"}) {
        out.erase(of_this_machine);
    }
    return out;
}

struct fixture {
    explicit fixture(const std::string& poll_seconds = "2")
        : s({.settings = {{"poll_seconds", poll_seconds},
                          {"cors_origins", "https://shop.example"}}})
    {
    }

    stack s;

    fs::path conf() const { return s.folder() / "nginx" / "conf"; }

    // What nginx -T prints after each of these was replaced: file, before, after.
    using edit = std::array<std::string, 3>;
    std::string dump(const std::vector<edit>& edits) const
    {
        const fs::path broken = s.folder() / "broken";
        fs::remove_all(broken);
        fs::copy(s.folder() / "nginx", broken, fs::copy_options::recursive);
        for (const auto& [file, before, after] : edits) {
            auto text = read_text(broken / "conf" / file);
            const auto at = text.find(before);
            BOOST_REQUIRE_MESSAGE(at != std::string::npos, file + " has no " + before);
            text.replace(at, before.size(), after);
            std::ofstream(broken / "conf" / file) << text;
        }
        const auto f =
            run({"nginx", "-p", broken, "-e", "logs/error.log", "-c", "conf/nginx.conf", "-T"});
        BOOST_TEST(f.code == 0, f.output);
        return f.output;
    }
    finished doctor(std::vector<std::string> words, const std::string& input = {}) const
    {
        words.insert(words.begin(), "doctor");
        return s.administer(words, input);
    }
    void finds(const codes& expected, const std::vector<edit>& edits) const
    {
        const auto f = doctor({"--nginx", "-"}, dump(edits));
        BOOST_TEST(codes_in(f.output) == expected, f.output);
    }
    // The way through another nginx with this in its location.
    codes through_proxy(const std::string& directives) const
    {
        const fs::path folder = s.folder() / "proxy";
        fs::create_directories(folder / "logs");
        const auto port = free_port();
        std::ofstream(folder / "nginx.conf")
            << (::geteuid() == 0 ? "user root;\n" : "")
            << "daemon off; pid nginx.pid; error_log logs/error.log; events { }\n"
               "http { access_log off; client_body_temp_path body; proxy_temp_path proxy;\n"
               "fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"
               "server { listen 127.0.0.1:"
            << port << "; location / { proxy_pass http://127.0.0.1:" << s.port() << "; "
            << directives << " } } }\n";
        const process proxy({"nginx", "-p", folder, "-e", "logs/error.log", "-c", "nginx.conf"},
                            process::options{folder / "output", -1, {}});
        eventually("the proxy listens", [&] {
            try {
                return http_client(port).call("GET", "/api/").status == 200;
            } catch (const std::exception&) {
                return false;
            }
        });
        const auto f =
            doctor({"--nginx", "-", "http://127.0.0.1:" + std::to_string(port) + "/"}, dump({}));
        BOOST_TEST(s.sql("select count(*) from pollster.users where name like '%doctor%'") == "0");
        BOOST_TEST(s.sql("select count(*) from pollster.walls where name like '%doctor%'") == "0");
        BOOST_TEST_MESSAGE(f.output);
        return codes_in(f.output);
    }
};

const std::string application = "pollster/snippets/application.conf";
const std::string upstreams = "pollster/snippets/upstream.conf";
const std::string site = "pollster/pollster.conf";

} // namespace

BOOST_FIXTURE_TEST_SUITE(doctor_e2e_, fixture)

BOOST_AUTO_TEST_CASE(the_shipped_site_has_no_findings)
{
    finds({}, {});
}

BOOST_AUTO_TEST_CASE(nginx_broken_in_each_way)
{
    finds({"no-site"}, {{"nginx.conf", "include pollster/pollster.conf;", ""}});
    finds({"read-timeout"},
          {{application, "fastcgi_read_timeout 75s;", "fastcgi_read_timeout 2s;"}});
    finds({"keep-conn"}, {{application, "fastcgi_keep_conn on;", ""}});
    finds({"keepalive"}, {{upstreams, "keepalive 16384;", ""}});
    finds({"client-abort"},
          {{application, "fastcgi_ignore_client_abort off;", "fastcgi_ignore_client_abort on;"}});
    finds({"buffering"},
          {{application, "fastcgi_keep_conn on;", "fastcgi_keep_conn on; fastcgi_buffering off;"}});
    finds({"request-buffering"}, {{application, "fastcgi_keep_conn on;",
                                   "fastcgi_keep_conn on; fastcgi_request_buffering off;"}});
    finds({"keepalive-timeout"},
          {{"pollster/snippets/server.conf", "keepalive_timeout 75s;", "keepalive_timeout 0;"}});
    finds({"backlog"}, {{site, " backlog=65535", ""}});
    finds({"reuseport"}, {{site, " reuseport backlog", " backlog"},
                          {"nginx.conf", "worker_processes auto;", "worker_processes 2;"}});
    finds({"default-site"}, {{"nginx.conf", "include pollster/pollster.conf;",
                              "server { listen 127.0.0.1:" + std::to_string(s.port()) +
                                  " default_server; } include pollster/pollster.conf;"},
                             {site, " default_server reuseport", " reuseport"}});
}

BOOST_AUTO_TEST_CASE(what_nginx_itself_refuses_is_told)
{
    const auto f = doctor({"--nginx", "-"}, "http {\n");
    BOOST_TEST(f.code == 1);
    BOOST_TEST(f.output.find("nginx-config: nginx.conf:1: http { is never closed") !=
                   std::string::npos,
               f.output);
    BOOST_TEST(doctor({"--nginx", "/nonexistent"}).output.find("cannot be read") !=
               std::string::npos);
    BOOST_TEST(doctor({"chat.example"}).code == 2);
}

BOOST_AUTO_TEST_CASE(a_second_nginx_on_our_port_is_noticed)
{
    const fs::path second = s.folder() / "second";
    fs::copy(s.folder() / "nginx", second, fs::copy_options::recursive);
    const auto listeners = [&] {
        const auto f = doctor({"--nginx", "-"}, dump({}));
        if (::geteuid() != 0) {
            BOOST_TEST(f.output.find("not checked: whether a second nginx listens") !=
                       std::string::npos);
        }
        return codes_in(f.output);
    };
    BOOST_TEST(listeners() == codes{});
    const process other({"nginx", "-p", second, "-e", "logs/error.log", "-c", "conf/nginx.conf",
                         "-g", "daemon off;"},
                        process::options{second / "output", -1, {}});
    eventually("the second nginx has its workers", [&] {
        return fs::exists("/proc/" + std::to_string(other.pid()) + "/task/" +
                          std::to_string(other.pid()) + "/children") &&
               read_text("/proc/" + std::to_string(other.pid()) + "/task/" +
                         std::to_string(other.pid()) + "/children") != "";
    });
    BOOST_TEST(listeners() == (::geteuid() == 0 ? codes{"second-nginx"} : codes{}));
}

BOOST_AUTO_TEST_CASE(the_way_from_outside)
{
    BOOST_TEST(through_proxy("") == codes{});
    BOOST_TEST(
        through_proxy("add_header Access-Control-Allow-Origin https://shop.example always;") ==
        codes{"cors"});
    BOOST_TEST(through_proxy("proxy_hide_header Access-Control-Allow-Origin;") == codes{"cors"});
    BOOST_TEST(through_proxy("proxy_hide_header Access-Control-Allow-Origin; "
                             "add_header Access-Control-Allow-Origin $http_origin always; "
                             "add_header Access-Control-Allow-Credentials true always;") ==
               codes{"cors-open"});
    BOOST_TEST(through_proxy("proxy_ignore_headers X-Accel-Buffering;") == codes{"buffered"});
    // A poll that nobody lets through.
    BOOST_TEST(through_proxy("limit_except GET OPTIONS { deny all; }") == codes{"poll"});
}

// Long enough for a post, on a busy machine too, and not for a poll without news.
BOOST_AUTO_TEST_CASE(something_on_the_way_ends_polls)
{
    BOOST_TEST(fixture("30").through_proxy("proxy_read_timeout 10s;") == codes{"idle-timeout"});
}

BOOST_AUTO_TEST_CASE(an_address_where_pollster_is_not)
{
    const auto closed =
        doctor({"--nginx", "-", "http://127.0.0.1:" + std::to_string(free_port())}, dump({}));
    BOOST_TEST(codes_in(closed.output) == codes{"unreachable"}, closed.output);
    const auto other =
        doctor({"--nginx", "-", "http://127.0.0.1:" + std::to_string(s.port()) + "/no/such/place"},
               dump({}));
    BOOST_TEST(codes_in(other.output) == codes{"not-pollster"}, other.output);
}

BOOST_AUTO_TEST_CASE(the_database_is_asked)
{
    const auto codes_of_database = [&] {
        return codes_in(doctor({"--nginx", "-"}, dump({})).output);
    };
    s.sql("drop index pollster.entries_of_post");
    s.sql("drop index pollster_default.posts_terms");
    s.sql("alter table pollster_default.posts disable trigger feed_entry");
    s.sql("alter table pollster.heads disable trigger head_fell");
    BOOST_TEST(codes_of_database() == (codes{"index", "search-index", "trigger"}));
    const auto all = doctor({"--nginx", "-"}, dump({})).output;
    BOOST_TEST(
        all.find("pollster_default.posts has no trigger in force with pollster.feed_entry") !=
            std::string::npos,
        all);
    BOOST_TEST(all.find("the trigger head_fell of pollster.heads is disabled") != std::string::npos,
               all);
    s.sql("alter view pollster.users rename column disabled to off");
    BOOST_TEST(codes_of_database().contains("contract"));
}

BOOST_AUTO_TEST_CASE(check_config_connects)
{
    const auto good = s.administer({"check-config", "--connect"});
    BOOST_TEST(good.code == 0, good.output);
    BOOST_TEST(good.output == "the settings are good, and so is what they lead to\n");
    const auto says = [&](std::vector<std::string> more, const std::string& part) {
        more.insert(more.end(), {"check-config", "--connect"});
        const auto f = s.administer(more);
        BOOST_TEST(f.code == 1, f.output);
        BOOST_TEST(f.output.find(part) != std::string::npos, f.output);
    };
    says({"--database", s.conninfo() + " dbname=no_such_database"}, "no_such_database");
    says({"--listen", "unix:/no/such/folder/p.sock"}, "there is no folder /no/such/folder");
    says({"--listen", "unix:" + (s.folder() / "p.sock").string() + ",group=no_such_group"},
         "there is no group \"no_such_group\"");
    says({"--listen", "unix:" + (s.folder() / "p.sock").string() + ",owner=no_such_user"},
         "there is no user \"no_such_user\"");
    says({"--log-file", "/no/such/folder/log"}, "there is no folder /no/such/folder");
    says({"--log-file", "/tmp"}, "it is a folder");
    s.pollster().signal(SIGTERM);
    s.pollster().wait();
    says({}, s.socket().string());
}

BOOST_AUTO_TEST_SUITE_END()
