// The last section of docs/FOREIGN_SERVERS.md: an Apache with the rest of the site, behind the
// nginx that has the chat.
#include "tests/e2e/applications.hpp"
#include "tests/e2e/event_stream.hpp"
#include "tests/e2e/fronts.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

using namespace e2e;
namespace fs = std::filesystem;

namespace {

const std::string section = "Apache for the rest of the site";

// A shop: a page, a folder, and a page that lets its client wait for news of wall 1.
class shop {
public:
    explicit shop(chat& s)
        : folder_(s.folder() / "shop")
        , log_(s.folder() / "shop.log")
    {
        fs::create_directories(folder_ / "goods");
        std::ofstream(folder_ / "index.html") << "<title>The shop</title>";
        std::ofstream(folder_ / "goods" / "index.html") << "Goods.";
        std::ofstream(folder_ / "wait.html") << "never shown";
        std::ofstream(folder_ / "news.html") << "There is news.";
        const auto behind = free_port();
        const auto address = "127.0.0.1:" + std::to_string(behind);
        apache_ = std::make_unique<front>(
            s, "shop",
            apache_base(s, behind, {"remoteip", "setenvif", "headers"}) +
                // What Apache has understood, a line a request.
                "LogFormat \"%a %{Host}i %{X-Forwarded-Proto}i %{HTTPS}e %r %>s\" seen\n"
                "CustomLog " +
                log_.string() +
                " seen\n"
                "<Location /wait.html>\n"
                "Header always set X-Accel-Redirect \"/park/?walls=1:0&then=/news.html\"\n"
                "</Location>\n" +
                documented(section, "apache",
                           {{"127.0.0.1:8080", address}, {"/srv/shop", folder_.string()}}),
            std::vector<std::string>{"/usr/sbin/apache2", "-D", "FOREGROUND", "-f"}, behind);
        const auto conf = s.folder() / "nginx" / "conf";
        port_ = free_port();
        std::ofstream(conf / "shop.conf") << documented(
            section, "nginx",
            {{"include pollster/snippets/upstream.conf;", ""}, // the stack's own site has it
             {"listen 80 default_server reuseport backlog=65535;",
              "listen 127.0.0.1:" + std::to_string(port_) + ";"},
             {"http://127.0.0.1:8080", "http://" + address},
             {"/usr/share/pollster/web", (source_folder() / "web").string()}});
        change_nginx(s, "nginx.conf", "include pollster/pollster.conf;", "    include shop.conf;");
    }

    reply get(const std::string& target, const header_list& headers = {}) const
    {
        return http_client(port_).call("GET", target, {}, headers);
    }
    // Where a browser is sent that asks for it, at the address in its address bar.
    std::string redirect_of(const std::string& path, const std::string& site = {}) const
    {
        return run({"curl", "-s", "-o", "/dev/null", "-w", "%{redirect_url}", "-H",
                    "Host: " + (site.empty() ? host() : site), url() + path})
            .output;
    }
    reply send(const call& c) const // to the chat
    {
        return http_client(port_).call(c.method, "/chat/api" + c.path, c.body, c.headers);
    }
    std::string url() const { return "http://" + host(); }
    std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
    unsigned short port() const { return port_; }
    const front& apache() const { return *apache_; }
    void stop_apache() { apache_.reset(); }
    // What Apache has logged, when it has logged this.
    std::string seen(const std::string& part) const
    {
        eventually("Apache has seen " + part,
                   [&] { return read_text(log_).find(part) != std::string::npos; });
        return read_text(log_);
    }

private:
    fs::path folder_;
    fs::path log_;
    unsigned short port_ = 0;
    std::unique_ptr<front> apache_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(beside_apache_)

BOOST_AUTO_TEST_CASE(the_chat_is_nginxs_and_its_clients_wait_without_apache)
{
    chat s;
    const shop b(s);
    BOOST_TEST(text_of(b.send({})) == R"(200 {"ack":"huzzah!"})");
    BOOST_TEST(b.send(say_call(ann, 1, "through the shop")).status == 201);
    BOOST_TEST(entries_of(b.send(poll_call(bob, R"({"1":0})"))) == "1:1");

    http_client parked(b.port());
    const auto poll = poll_call(bob, R"({"1":1})");
    parked.send(poll.method, "/chat/api/", poll.body, poll.headers);
    const event_stream stream(s.folder(), b.url() + "/chat/api/events?last_post_id[1]=1", bob,
                              {"-g"});
    s.until_parked(2);
    BOOST_TEST(b.send(say_call(ann, 1, "wake up")).status == 201);
    BOOST_TEST(entries_of(parked.receive()) == "1:2");
    stream.until("wake up");

    // The page, which finds the application below itself.
    const auto page = b.get("/chat/");
    BOOST_TEST(page.body.find("<title>Pollster</title>") != std::string::npos);
    BOOST_TEST(page.body.find(R"(name="pollster-api" content="api/")") != std::string::npos);
    BOOST_TEST(page.header("Content-Security-Policy").find("default-src 'none'") !=
               std::string::npos);
    BOOST_TEST(b.get("/chat/pollster.js").header("Content-Type").find("javascript") !=
               std::string::npos);
    BOOST_TEST(b.redirect_of("/chat") == b.url() + "/chat/");

    b.get("/the-last");
    BOOST_TEST(b.seen("/the-last").find("/chat") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(everything_else_is_apaches_which_sees_host_and_visitor)
{
    chat s;
    const shop b(s);
    BOOST_TEST(b.get("/").body == "<title>The shop</title>");
    BOOST_TEST(b.get("/nothing").status == 404);
    // Its redirects lead back to nginx, on any port, and on the usual one, which nobody writes.
    BOOST_TEST(b.redirect_of("/goods") == b.url() + "/goods/");
    BOOST_TEST(b.redirect_of("/goods", "shop.example") == "http://shop.example/goods/");
    BOOST_TEST(b.get("/goods/").body == "Goods.");
    // What a visitor says of himself does not count.
    const auto visit =
        run({"curl", "-s", "--interface", "127.0.0.2", "-H", "X-Forwarded-For: 192.0.2.66", "-H",
             "X-Forwarded-Proto: https", b.url() + "/goods/?from=127.0.0.2"});
    BOOST_TEST(visit.output == "Goods.");
    const auto seen = b.seen("?from=127.0.0.2");
    BOOST_TEST(seen.find("127.0.0.2 " + b.host() + " http - GET /goods/?from=127.0.0.2 ") !=
                   std::string::npos,
               seen);
    BOOST_TEST(seen.find("192.0.2.66") == std::string::npos);
    // As an nginx that speaks https would say it.
    BOOST_TEST(run({"curl", "-s", "-H", "X-Forwarded-Proto: https",
                    "http://127.0.0.1:" + std::to_string(b.apache().port()) + "/?secure"})
                   .output == "<title>The shop</title>");
    BOOST_TEST(b.seen("?secure").find(" https on GET /?secure ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(from_outside_there_is_no_way_to_park_nor_to_the_metrics)
{
    chat s;
    const shop b(s);
    const front site(b.port(), b.port());
    for (const std::string path : {"metrics", "readyz"}) {
        BOOST_TEST(site.status_for("127.0.0.1", "/chat/api/" + path) == "200");
        for (const auto& written :
             {path, "./" + path, "/" + path, "x/../" + path, "../api/" + path}) {
            BOOST_TEST(site.status_for("127.0.0.2", "/chat/api/" + written) == "403", written);
        }
        // They are nowhere else either.
        for (const std::string mount : {"/api/", "/", "/chat/"}) {
            BOOST_TEST(site.status_for("127.0.0.1", mount + path) == "404", mount + path);
        }
    }
    for (const std::string target :
         {"/park/?walls=1:0&then=/", "/@park", "/chat/park/?walls=1:0&then=/",
          "/chat/api/park/?walls=1:0&then=/"}) {
        BOOST_TEST(b.get(target, {{"X-Park", "walls=1:0&then=/"},
                                  {"X-Accel-Redirect", "/park/?walls=1:0&then=/"}})
                           .status == 404,
                   target);
    }
    BOOST_TEST(s.metric("pollster_parks") == 0);
    // But for whom Apache lets wait: its own answer is the same header.
    http_client waiting(b.port());
    waiting.send("GET", "/wait.html");
    s.until_parked(1);
    BOOST_TEST(s.metric("pollster_parks") == 1);
    s.sql(insert_post(1, 1, "news"));
    BOOST_TEST(text_of(waiting.receive()) == "200 There is news.");
}

BOOST_AUTO_TEST_CASE(the_chat_goes_on_without_apache)
{
    chat s;
    shop b(s);
    BOOST_TEST(b.get("/").status == 200);
    b.stop_apache();
    BOOST_TEST(b.get("/").status == 503);
    BOOST_TEST(b.send(say_call(ann, 1, "still here")).status == 201);
    BOOST_TEST(entries_of(b.send(poll_call(bob, R"({"1":0})"))) == "1:1");
}

BOOST_AUTO_TEST_SUITE_END()
