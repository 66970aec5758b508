// FastCGI clients other than nginx, with the configurations of docs/FOREIGN_SERVERS.md.
#include "tests/e2e/event_stream.hpp"
#include "tests/e2e/fronts.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>

using namespace e2e;

namespace {

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

BOOST_AUTO_TEST_CASE(each_front_carries_a_chat)
{
    for (const auto& kind : fronts()) {
        BOOST_TEST_MESSAGE(kind.name);
        BOOST_TEST_CONTEXT(kind.name)
        {
            chat s(kind.of_pollster());
            const auto f = kind.start(s);
            carries_a_chat(s, *f);
            BOOST_TEST(f->page().find("<title>") != std::string::npos);
        }
    }
}

// However the path is written, and whoever the client says it is.
BOOST_AUTO_TEST_CASE(metrics_are_for_this_host_only)
{
    for (const auto& kind : fronts()) {
        if (kind.name == "nginx") {
            continue; // lets all of 127.0.0.0/8 in
        }
        BOOST_TEST_CONTEXT(kind.name)
        {
            chat s(kind.of_pollster());
            const auto f = kind.start(s);
            for (const std::string path : {"metrics", "readyz"}) {
                BOOST_TEST(f->status_for("127.0.0.1", "/api/" + path) == "200");
                BOOST_TEST(f->status_for("127.0.0.2", "/api/" + path) == "403");
                const auto encoded = (path[0] == 'm' ? "%6d" : "%72") + path.substr(1);
                for (const auto& written : {encoded, "./" + path, "/" + path, "x/../" + path,
                                            path + "/", path + "/.", path + "?x", path + ";x"}) {
                    const auto status = f->status_for("127.0.0.2", "/api/" + written);
                    BOOST_TEST((status == "403" || status == "404" || status == "400"),
                               written << ": " << status);
                }
            }
        }
    }
}

// Only a parameter of nginx parks a request (docs/PARK.md), and no header becomes one.
BOOST_AUTO_TEST_CASE(no_front_parks_for_a_client_that_asks)
{
    for (const auto& kind : fronts()) {
        BOOST_TEST_CONTEXT(kind.name)
        {
            chat s(kind.of_pollster());
            const auto f = kind.start(s);
            for (const std::string path : {"/", "/park/?walls=1:0&then=/api/"}) {
                call c{"GET", path, {}, {}};
                for (const std::string header :
                     {"Pollster-Park", "POLLSTER_PARK", "X-Park", "X-Accel-Redirect"}) {
                    c = with(std::move(c), header, "walls=1:0&then=/api/");
                }
                BOOST_TEST(f->send(c).status == (path == "/" ? 200 : 404), path);
            }
            for (const std::string outcome :
                 {"news", "nothing", "again", "unknown", "refused", "left"}) {
                BOOST_TEST(s.metric("pollster_parks_total{outcome=\"" + outcome + "\"}") == 0);
            }
            BOOST_TEST(s.metric("pollster_parks") == 0);
        }
    }
}

// For h2o it must be, and the others, and what asks at the socket itself, are at home with it, too.
BOOST_AUTO_TEST_CASE(a_mount_is_cut_off_for_those_who_send_it_and_understood_from_those_who_do_not)
{
    chat s(settings{{"mount", "/api"}});
    BOOST_TEST(s.send({}).status == 200); // its nginx
    for (const auto& kind : fronts()) {
        const auto f = kind.start(s);
        BOOST_TEST(text_of(f->send({})) == R"(200 {"ack":"huzzah!"})", kind.name);
        BOOST_TEST(f->send({"GET", "/nothing", {}, {}}).status == 404, kind.name);
    }
    const auto top = s.administer({"top", "--once", s.socket()});
    BOOST_TEST(top.code == 0, top.output);
    const auto checked = s.administer({"check-config", "--connect"});
    BOOST_TEST(checked.output.find("not Pollster") == std::string::npos, checked.output);
    const auto elsewhere = run(with_environment({"REQUEST_METHOD=GET", "PATH_INFO=/"}, s));
    BOOST_TEST(elsewhere.output.find("Status: 404") != std::string::npos, elsewhere.output);
    const auto whole = run(with_environment({"REQUEST_METHOD=GET", "PATH_INFO=/api/"}, s));
    BOOST_TEST(whole.output.find("Status: 200") != std::string::npos, whole.output);
}

BOOST_AUTO_TEST_CASE(a_malformed_mount_ends_the_start_with_one_line)
{
    chat s;
    const auto started = s.administer({"--mount", "/api/", "serve"});
    BOOST_TEST(started.code != 0);
    BOOST_TEST(started.output.find("--mount: a mount ends without a slash, as /chat/api does, not "
                                   "\"/api/\"\n") != std::string::npos,
               started.output);
    BOOST_TEST(std::count(started.output.begin(), started.output.end(), '\n') == 1, started.output);
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
    const auto script = documented("From a shell", "sh",
                                   {{"session_id=SESSION", "session_id=" + bob},
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
