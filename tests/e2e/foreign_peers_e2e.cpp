// FastCGI clients other than nginx, with the configurations of docs/FOREIGN_SERVERS.md.
#include "tests/e2e/chat.hpp"
#include "tests/e2e/event_stream.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <unistd.h>

using namespace e2e;
namespace fs = std::filesystem;

namespace {

// The block of that language in the document, with paths and ports replaced.
std::string documented(const std::string& language, const settings& replacements)
{
    const auto text = read_text(source_folder() / "docs" / "FOREIGN_SERVERS.md");
    const std::string fence = "```" + language + "\n";
    const auto begin = text.find(fence) + fence.size();
    auto block = text.substr(begin, text.find("\n```", begin) + 1 - begin);
    for (const auto& [from, to] : replacements) {
        BOOST_REQUIRE_MESSAGE(block.find(from) != std::string::npos, from + " is not in " + block);
        for (auto at = block.find(from); at != std::string::npos;
             at = block.find(from, at + to.size())) {
            block.replace(at, from.size(), to);
        }
    }
    return block;
}

settings paths_of(const chat& s)
{
    return {{"/run/pollster/pollster.sock", s.socket()},
            {"/usr/share/pollster/web", source_folder() / "web"}};
}

// A web server in front of the chat's pollster, beside its nginx.
class front {
public:
    front(const chat& s, const std::string& name, const std::string& configuration,
          std::vector<std::string> command, unsigned short port)
        : port_(port)
    {
        const auto file = s.folder() / (name + ".conf");
        const auto output = s.folder() / (name + ".log");
        std::ofstream(file) << configuration;
        command.push_back(file);
        process_ = std::make_unique<process>(command, process::options{output, -1, {}});
        eventually(name + " answers", [&] {
            BOOST_REQUIRE_MESSAGE(process_->running(), read_text(output));
            try {
                return send({}).status == 200;
            } catch (const boost::system::system_error&) {
                return false; // does not listen yet
            }
        });
    }
    ~front()
    {
        process_->signal(SIGTERM); // so that it takes its own children along
        process_->wait();
    }
    front(const front&) = delete;
    front& operator=(const front&) = delete;

    reply send(const call& c) const
    {
        return http_client(port_).call(c.method, "/api" + c.path, c.body, c.headers);
    }
    unsigned short port() const { return port_; }
    std::string page() const { return http_client(port_).call("GET", "/").body; }

private:
    unsigned short port_;
    std::unique_ptr<process> process_;
};

// lighttpd has no user to change to here: run by root it stays root.
std::unique_ptr<front> lighttpd(const chat& s)
{
    const auto port = free_port();
    return std::make_unique<front>(
        s, "lighttpd",
        "server.port = " + std::to_string(port) + "\nserver.bind = \"127.0.0.1\"\n" +
            "server.modules = ( \"mod_access\" )\n" // as Debian's lighttpd.conf has it
            "mimetype.assign = ( \".html\" => \"text/html\" )\n" +
            documented("lighttpd", paths_of(s)),
        std::vector<std::string>{"/usr/sbin/lighttpd", "-D", "-f"}, port);
}

std::unique_ptr<front> apache(const chat& s)
{
    const auto port = free_port();
    auto replacements = paths_of(s);
    replacements["*:80"] = "127.0.0.1:" + std::to_string(port);
    std::string configuration;
    for (const char* name :
         {"mpm_event", "authz_core", "authz_host", "dir", "proxy", "proxy_fcgi"}) {
        configuration += "LoadModule " + std::string(name) +
                         "_module /usr/lib/apache2/modules/mod_" + name + ".so\n";
    }
    configuration += "ServerRoot " + s.folder().string() +
                     "\nServerName localhost\nListen 127.0.0.1:" + std::to_string(port) +
                     "\nPidFile apache.pid\nErrorLog apache-error.log\n"
                     "DefaultRuntimeDir " +
                     s.folder().string() + "\n";
    if (::geteuid() == 0) {
        // Apache refuses to serve as root.
        configuration += "User www-data\nGroup www-data\n";
        fs::permissions(s.folder(), fs::perms(0755));
        fs::permissions(s.socket(), fs::perms(0666));
    }
    return std::make_unique<front>(
        s, "apache", configuration + documented("apache", replacements),
        std::vector<std::string>{"/usr/sbin/apache2", "-D", "FOREGROUND", "-f"}, port);
}

std::unique_ptr<front> caddy(const chat& s)
{
    const auto port = free_port();
    auto replacements = paths_of(s);
    replacements["chat.example"] = "http://:" + std::to_string(port);
    return std::make_unique<front>(
        s, "caddy", "{\n\tadmin off\n}\n" + documented("caddy", replacements),
        std::vector<std::string>{"env", "XDG_DATA_HOME=" + (s.folder() / "caddy").string(),
                                 "/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config"},
        port);
}

// What every front must carry: a ping, a post, a poll with news, one that is parked and woken.
void carries_a_chat(const chat& s, const front& f)
{
    BOOST_TEST(text_of(f.send({})) == R"(200 {"ack":"huzzah!"})");
    BOOST_TEST(f.send({"GET", "/nothing", {}, {}}).status == 404);
    BOOST_TEST(f.send(say_call(ann, 1, "through a foreign server")).status == 201);
    BOOST_TEST(entries_of(f.send(poll_call(bob, R"({"1":0})"))) == "1:1");
    BOOST_TEST(entries_of(f.send(post_form("session_id=" + bob + "&last_post_id[1]=0"))) == "1:1");
    BOOST_TEST(f.send(signed_by(bob, {"GET", "/walls/1/posts?limit=1", {}, {}})).status == 200);

    hanging_call parked(f.port(), poll_call(bob, R"({"1":1})"));
    s.until_parked(1);
    s.send(say_call(ann, 1, "wake up"));
    BOOST_TEST(entries_of(parked.wait()) == "1:2");

    // Each event as it is made, and the browser's own way to go on.
    const auto url = "http://127.0.0.1:" + std::to_string(f.port()) + "/api/events?";
    event_stream a(s.folder(), url + "last_post_id[1]=2", bob, {"-g"});
    a.until("retry: ");
    s.send(say_call(ann, 1, "first event"));
    a.until("first event");
    s.sql(insert_post(1, 3, "second event"));
    a.until("\nid: 1:4@" + s.epoch_of(1) + "\n\n");
    a.leave();
    s.send(say_call(ann, 1, "while away"));
    const event_stream again(s.folder(), url + "last_post_id[1]=2", bob,
                             {"-g", "-H", "Last-Event-ID: 1:4@" + s.epoch_of(1)});
    again.until("while away");
    BOOST_TEST(again.text().find("second event") == std::string::npos);
    s.sql("delete from pollster.sessions where user_id = 2");
    again.until(R"(data: {"reason":"signed_out"})");
}

std::vector<std::string> with_environment(std::vector<std::string> variables, const chat& s)
{
    variables.insert(variables.begin(), "env");
    variables.insert(variables.end(), {"cgi-fcgi", "-bind", "-connect", s.socket()});
    return variables;
}

} // namespace

BOOST_AUTO_TEST_SUITE(foreign_peers_)

BOOST_AUTO_TEST_CASE(lighttpd_carries_a_chat)
{
    chat s;
    const auto f = lighttpd(s);
    carries_a_chat(s, *f);
    BOOST_TEST(f->page().find("<title>") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(apache_carries_a_chat)
{
    chat s;
    const auto f = apache(s);
    carries_a_chat(s, *f);
    BOOST_TEST(f->page().find("<title>") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(caddy_carries_a_chat)
{
    chat s;
    const auto f = caddy(s);
    carries_a_chat(s, *f);
    BOOST_TEST(f->page().find("<title>") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(caddy_notices_that_a_browser_leaves)
{
    chat s(settings{{"poll_seconds", "3600"}});
    const auto f = caddy(s);
    hanging_call leaves(f->port(), poll_call(bob, R"({"1":0})"));
    s.until_parked(1);
    leaves.leave();
    s.until_parked(0);
}

// lighttpd and Apache do not watch the browser while they wait for the application.
BOOST_AUTO_TEST_CASE(
    a_browser_that_leaves_them_costs_its_parked_poll_until_the_deadline_and_no_more)
{
    chat s(settings{{"poll_seconds", "2"}});
    const auto behind_lighttpd = lighttpd(s);
    const auto behind_apache = apache(s);
    for (const auto* f : {behind_lighttpd.get(), behind_apache.get()}) {
        hanging_call leaves(f->port(), poll_call(bob, R"({"1":0})"));
        s.until_parked(1);
        leaves.leave();
        s.until_parked(0);
        BOOST_TEST(f->send({}).status == 200);
    }
    BOOST_TEST(s.metric("pollster_failures_total") == 0);
}

BOOST_AUTO_TEST_CASE(metrics_are_for_this_host_only)
{
    chat s;
    for (const auto& start : {lighttpd, caddy}) {
        const auto f = start(s);
        BOOST_TEST(f->send({"GET", "/metrics", {}, {}}).status == 200);
        for (const std::string path : {"metrics", "readyz"}) {
            const auto from_elsewhere = run(
                {"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--interface", "127.0.0.2",
                 "http://127.0.0.1:" + std::to_string(f->port()) + "/api/" + path});
            BOOST_TEST(from_elsewhere.output == "403");
        }
    }
    BOOST_TEST(apache(s)->send({"GET", "/metrics", {}, {}}).status == 200);
}

BOOST_AUTO_TEST_CASE(cgi_fcgi_pings_posts_and_polls)
{
    chat s;
    const auto ping = run(with_environment({"REQUEST_METHOD=GET", "PATH_INFO=/"}, s));
    BOOST_TEST(ping.code == 0);
    BOOST_TEST(ping.output.ends_with("\r\n\r\n"
                                     R"({"ack":"huzzah!"})"),
               ping.output);

    const std::string post = R"({"body":"from a shell"})";
    const auto posted =
        run(with_environment({"REQUEST_METHOD=POST", "PATH_INFO=/walls/1/posts",
                              "CONTENT_TYPE=application/json", "HTTP_AUTHORIZATION=Bearer " + ann,
                              "CONTENT_LENGTH=" + std::to_string(post.size())},
                             s),
            post);
    BOOST_TEST(posted.output.find("Status: 201") != std::string::npos, posted.output);

    // As documented, word for word.
    const std::string body = "session_id=" + bob + "&last_post_id[1]=0";
    const auto script = documented("sh", {{"session_id=SESSION", "session_id=" + bob},
                                          {"LENGTH \\", std::to_string(body.size()) + " \\"},
                                          {"/run/pollster/pollster.sock", s.socket()}});
    const auto polled = run({"sh", "-c", script});
    BOOST_TEST(polled.output.find(R"("body":"from a shell")") != std::string::npos, polled.output);
}

BOOST_AUTO_TEST_CASE(a_parked_poll_through_cgi_fcgi_is_woken_or_ends_with_it)
{
    chat s;
    const std::string body = "session_id=" + bob + "&last_post_id[1]=0";
    std::ofstream(s.folder() / "body") << body;
    const auto start = [&](const std::string& output) {
        return std::make_unique<process>(
            std::vector<std::string>{
                "sh", "-c",
                "exec env REQUEST_METHOD=POST PATH_INFO=/ "
                "CONTENT_TYPE=application/x-www-form-urlencoded CONTENT_LENGTH=" +
                    std::to_string(body.size()) + " cgi-fcgi -bind -connect " +
                    s.socket().string() + " <" + (s.folder() / "body").string()},
            process::options{s.folder() / output, -1, {}});
    };
    const auto waits = start("waits");
    const auto leaves = start("leaves");
    s.until_parked(2);
    leaves->signal(SIGKILL);
    s.until_parked(1);
    s.sql(insert_post(1, 1, "for the shell"));
    BOOST_TEST(waits->wait().value_or(-1) == 0);
    BOOST_TEST(read_text(s.folder() / "waits").find(R"("body":"for the shell")") !=
               std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
