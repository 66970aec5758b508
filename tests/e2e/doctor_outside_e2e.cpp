// pollster doctor URL, for a name that is not this host's: https and http, with and without HTTP/2,
// through a proxy on this host. Polls are refused there, which is told too, and saves their time.
#include "tests/e2e/stack.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace e2e;

namespace {

constexpr const char* host = "chat.example"; // curl is told where it is

bool listens(unsigned short port)
{
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket probe(context);
    boost::system::error_code refused;
    probe.connect({boost::asio::ip::make_address("127.0.0.1"), port}, refused);
    return !refused;
}

struct fixture {
    stack s{{.settings = {{"poll_seconds", "2"}}}};

    // What is said of SCHEME://chat.example/, where a proxy listens with these options and has this
    // besides.
    std::string report(const std::string& scheme, const std::string& options,
                       const std::string& locations) const
    {
        const fs::path folder = s.folder() / "proxy";
        fs::remove_all(folder);
        fs::create_directories(folder / "logs");
        const auto port = std::to_string(free_port());
        std::ofstream(folder / "nginx.conf")
            << (::geteuid() == 0 ? "user root;\n" : "")
            << "daemon off; pid nginx.pid; error_log logs/error.log; events { }\n"
               "http { access_log off; client_body_temp_path body; proxy_temp_path proxy;\n"
               "fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"
               "server { listen 127.0.0.1:"
            << port << ' ' << options << ";\nssl_certificate " << s.folder().string()
            << "/tls/fullchain.pem;\nssl_certificate_key " << s.folder().string()
            << "/tls/privkey.pem;\nlocation / { proxy_pass http://127.0.0.1:" << s.port()
            << "; limit_except GET OPTIONS { deny all; } }\nlocation = /api/metrics { proxy_pass "
               "http://127.0.0.1:"
            << s.port() << "; " << locations << " } } }\n";
        std::ofstream(folder / ".curlrc")
            << "insecure\nresolve = " << host << ":" << port << ":127.0.0.1\n";
        ::setenv("CURL_HOME", folder.c_str(), 1);
        const process proxy({"nginx", "-p", folder, "-e", "logs/error.log", "-c", "nginx.conf"},
                            process::options{folder / "output", -1, {}});
        eventually("the proxy listens",
                   [&] { return listens(static_cast<unsigned short>(std::stoi(port))); });
        const auto f = s.administer({"doctor", "--nginx", "-", scheme + "://" + host + ":" + port});
        BOOST_TEST(f.code == 1); // that polls are refused
        auto said = "\n" + f.output;
        BOOST_TEST(said.find("\npoll: ") != std::string::npos, said);
        const auto address = std::string(host) + ":" + port; // what differs each time
        for (auto at = said.find(address); at != std::string::npos; at = said.find(address)) {
            said.replace(at, address.size(), "HERE");
        }
        return said;
    }
};

void says(const std::string& report, const std::string& line)
{
    BOOST_TEST(report.find("\n" + line) != std::string::npos, line + " is not in " + report);
}
void never_says(const std::string& report, const std::string& word)
{
    BOOST_TEST(report.find("\n" + word + ": ") == std::string::npos, report);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(doctor_outside, fixture)

BOOST_AUTO_TEST_CASE(http_of_another_host_is_not_encrypted)
{
    const auto said = report("http", "", "deny all;");
    says(said, "plain-http: http://HERE/api/ is not encrypted: whoever listens on the way has the "
               "sessions. To do: nginx/pollster-https.conf is the site for https\n");
    never_says(said, "http2");
    never_says(said, "metrics-open");
}

BOOST_AUTO_TEST_CASE(https_without_http2)
{
    const auto said = report("https", "ssl", "deny all;");
    says(said, "http2: https://HERE/api/ speaks HTTP/1.1: a browser has six connections, and each "
               "open tab of it parks a poll on one. To do: listen 443 ssl http2;");
    never_says(said, "plain-http");
    const auto with = report("https", "ssl http2", "deny all;");
    never_says(with, "http2");
    never_says(with, "plain-http");
    never_says(with, "metrics-open");
}

// Behind a proxy on this host everybody is local.
BOOST_AUTO_TEST_CASE(metrics_that_anybody_may_read)
{
    const auto said = report("https", "ssl http2", "");
    says(said, "metrics-open: https://HERE/api/metrics can be read from outside. To do: allow it "
               "to this host only, as nginx/snippets/page.conf does; behind a proxy on this host, "
               "deny it there\n");
}

// From this host itself it is nothing that plain http has no secrets, and that it may read the
// metrics.
BOOST_AUTO_TEST_CASE(this_host_is_not_outside)
{
    const auto said = "\n" + s.administer({"doctor", "--nginx", "-",
                                           "http://127.0.0.1:" + std::to_string(s.port())})
                                 .output;
    BOOST_TEST(s.api("GET", "/metrics").status == 200);
    for (const std::string word : {"plain-http", "http2", "metrics-open", "visitor", "poll"}) {
        never_says(said, word);
    }
}

BOOST_AUTO_TEST_CASE(a_visitor_who_cannot_be_removed)
{
    const auto left = [&] {
        return s.sql("select count(*) from pollster.users where name like 'pollster doctor%'");
    };
    s.sql("create function public.keep() returns trigger language plpgsql as $$ begin raise "
          "'people are never deleted'; end $$; create trigger keep before delete on "
          "pollster_default.users for each row execute function public.keep()");
    const auto said = report("http", "", "deny all;");
    says(said, "visitor: the user \"pollster doctor: a visitor\" and the wall \"pollster doctor: a "
               "visit\" are left: ");
    BOOST_TEST(said.find("people are never deleted") != std::string::npos, said);
    BOOST_TEST(said.find(". To do: run it again\n") != std::string::npos, said);
    BOOST_TEST(left() == "1");
    s.sql("drop trigger keep on pollster_default.users");
    never_says(report("http", "", "deny all;"), "visitor");
    BOOST_TEST(left() == "0");
}

BOOST_AUTO_TEST_SUITE_END()
