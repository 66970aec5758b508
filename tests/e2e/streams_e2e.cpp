// The stream through the shipped nginx, read by curl: an independent client, over HTTP/1.1 and
// HTTP/2, that writes what arrives into a file as it arrives.
#include "tests/e2e/chat.hpp"
#include "tests/e2e/event_stream.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <memory>

using namespace e2e;
namespace fs = std::filesystem;

namespace {

std::string url_of(const stack& s, const std::string& query)
{
    return "http://127.0.0.1:" + std::to_string(s.port()) + s.mount() + "/events?" + query;
}

// How the client library, in node, gets its news from there.
std::string transport_by(const std::string& base)
{
    const auto script = source_folder() / "tests" / "web" / "transport.mjs";
    return run({"node", script, base}).output;
}

// A proxy in front of the site that keeps each answer back until it is complete, whatever the
// application says.
class buffering_proxy {
public:
    explicit buffering_proxy(const stack& s)
        : port_(free_port())
    {
        const auto folder = s.folder() / "proxy";
        fs::create_directories(folder);
        const auto file = folder / "nginx.conf";
        std::ofstream(file) << "user root;\npid " << folder.string() << "/pid;\nerror_log "
                            << folder.string()
                            << "/error.log;\ndaemon off;\nevents {}\nhttp {\naccess_log off;\n"
                            << "proxy_temp_path " << folder.string() << "/proxy;\n"
                            << "client_body_temp_path " << folder.string() << "/body;\n"
                            << "fastcgi_temp_path " << folder.string() << "/fastcgi;\n"
                            << "uwsgi_temp_path " << folder.string() << "/uwsgi;\n"
                            << "scgi_temp_path " << folder.string() << "/scgi;\n"
                            << "server {\nlisten 127.0.0.1:" << port_ << ";\nlocation / {\n"
                            << "proxy_pass http://127.0.0.1:" << s.port() << ";\n"
                            << "proxy_ignore_headers X-Accel-Buffering;\nproxy_read_timeout 75s;\n"
                            << "}\n}\n}\n";
        nginx_ = std::make_unique<process>(
            std::vector<std::string>{"nginx", "-e", folder / "error.log", "-p", folder, "-c", file},
            process::options{folder / "output", -1, {}});
        eventually("the proxy answers", [&] {
            try {
                return http_client(port_).call("GET", "/api/").status == 200;
            } catch (const boost::system::system_error&) {
                return false;
            }
        });
    }
    std::string base() const { return "http://127.0.0.1:" + std::to_string(port_) + "/api/"; }

private:
    unsigned short port_;
    std::unique_ptr<process> nginx_;
};

const std::vector<std::string> globless{"-g"}; // "[1]" means itself

} // namespace

BOOST_AUTO_TEST_SUITE(streams_)

// nginx keeps a head back whose record is padded, and an answer that it may buffer.
BOOST_AUTO_TEST_CASE(the_head_arrives_before_any_entry)
{
    chat s(no_look_in_time);
    const event_stream a(s.folder(), url_of(s, "last_post_id[1]=0"), ann, globless);
    a.until("retry: ");
    BOOST_TEST(a.head().find("200 OK") != std::string::npos);
    BOOST_TEST(a.head().find("Content-Type: text/event-stream") != std::string::npos);
    BOOST_TEST(a.head().find("Content-Encoding") == std::string::npos);
    BOOST_TEST(a.text().find("event:") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(entries_come_as_they_are_committed_and_an_id_resumes_them)
{
    chat s;
    s.sql(insert_post(1, 2, "first"));
    event_stream a(s.folder(), url_of(s, "last_post_id[1]=0"), ann, globless);
    a.until("first");
    BOOST_TEST(s.send(say_call(bob, 1, "second")).status == 201);
    a.until("second");
    s.sql(insert_post(1, 3, "third"));
    const auto id = "\nid: 1:3@" + s.epoch_of(1) + "\n\n";
    a.until(id);
    a.leave();
    s.sql(insert_post(1, 2, "fourth"));
    event_stream again(s.folder(), url_of(s, "last_post_id[1]=0"), ann,
                       {"-g", "-H", "Last-Event-ID: 1:3@" + s.epoch_of(1)});
    again.until("fourth");
    BOOST_TEST(again.text().find("third") == std::string::npos);
    eventually("one stream is left", [&] { return s.metric("pollster_streams") == 1; });
}

BOOST_AUTO_TEST_CASE(a_long_backlog_comes_whole_and_in_order)
{
    chat s;
    s.sql("insert into pollster.posts (wall_id, user_id, body) select 1, 2, repeat('x', 2000) || i "
          "|| '.' from generate_series(1, 1000) as i");
    const event_stream a(s.folder(), url_of(s, "last_post_id[1]=0"), ann, globless);
    a.until("\nid: 1:1000@");
    const auto text = a.text();
    std::size_t at = 0;
    for (int id = 1; id <= 1000; ++id) {
        const auto found = text.find(R"({"id":)" + std::to_string(id) + ",", at);
        BOOST_REQUIRE_MESSAGE(found != std::string::npos, "entry " + std::to_string(id));
        at = found;
    }
}

BOOST_AUTO_TEST_CASE(a_right_that_is_taken_away_is_told_and_ends_it)
{
    chat s;
    event_stream a(s.folder(), url_of(s, "last_post_id[1]=0&last_post_id[2]=0"), ann, globless);
    a.until("retry: ");
    s.until_parked(1);
    s.sql("delete from pollster.memberships where user_id = 1 and wall_id = 2");
    a.until(R"(data: {"lost":[2],"gained":[]})");
    s.sql(insert_post(2, 2, "secret") + "; " + insert_post(1, 2, "public"));
    a.until("public");
    s.sql("delete from pollster.sessions where user_id = 1");
    a.until(R"(data: {"reason":"signed_out"})");
    BOOST_TEST(a.end() == 0);
    BOOST_TEST(a.text().find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_says_so)
{
    chat s;
    event_stream a(s.folder(), url_of(s, "last_post_id[1]=0"), ann, globless);
    s.until_parked(1);
    BOOST_TEST(s.stop_pollster() == 0);
    BOOST_TEST(a.end() == 0); // whole: the last chunk arrived
    BOOST_TEST(a.text().find(R"(data: {"reason":"stopping"})") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(it_ends_by_itself_and_is_never_silent)
{
    chat s({{"stream_seconds", "10"}, {"stream_heartbeat_seconds", "1"}});
    event_stream a(s.folder(), url_of(s, "last_post_id[1]=0"), ann, globless);
    a.until("\n:\n\n");
    a.until(R"(data: {"reason":"time_up"})");
    BOOST_TEST(a.end() == 0);
}

BOOST_AUTO_TEST_CASE(a_body_does_as_well_and_a_refusal_has_its_status)
{
    chat s;
    s.sql(insert_post(1, 2, "first"));
    const event_stream a(
        s.folder(), url_of(s, ""), ann,
        {"-H", "Content-Type: application/json", "-d", R"({"last_post_id":{"1":0}})"});
    a.until("first");
    BOOST_TEST(text_of(s.send({"GET", "/events?last_post_id%5B1%5D=0", {}, {}})) ==
               R"(400 {"errors":["Invalid user!"]})");
}

BOOST_AUTO_TEST_CASE(over_http_2_too)
{
    stack_options o;
    o.site = "pollster-https.conf";
    const stack s(o);
    const auto base = "https://127.0.0.1:" + std::to_string(s.tls_port()) + "/api/events?";
    const auto session = s.session_of("ann");
    const event_stream a(s.folder(), base + "last_post_id[1]=0", session, {"-g", "--http2"});
    a.until("event: walls");
    BOOST_TEST(a.head().starts_with("HTTP/2 200"));
    s.sql(insert_post(1, 2, "over http 2"));
    a.until("over http 2");
}

// A site that compresses events, too: each comes as soon as it is there.
BOOST_AUTO_TEST_CASE(compressed_events_come_one_by_one)
{
    chat s;
    const auto file = s.folder() / "nginx" / "conf" / "nginx.conf";
    auto text = read_text(file);
    text.replace(text.find("http {"), 6,
                 "http {\ngzip on; gzip_types text/event-stream; gzip_min_length 0;\n");
    std::ofstream(file) << text;
    s.nginx().signal(SIGHUP);
    eventually("nginx compresses", [&] {
        const event_stream tried(s.folder(), url_of(s, "last_post_id[1]=0"), ann, globless);
        tried.until("retry: ");
        return tried.head().find("Content-Encoding: gzip") != std::string::npos;
    });
    const event_stream a(s.folder(), url_of(s, "last_post_id[1]=0"), ann, globless);
    a.until("retry: ");
    for (const std::string post : {"first", "second", "third"}) {
        BOOST_TEST(s.send(say_call(bob, 1, post)).status == 201);
        a.until(post);
    }
}

BOOST_AUTO_TEST_CASE(the_client_library_streams_and_polls_behind_a_proxy_that_buffers)
{
    chat s;
    // A browser that hears nothing for five seconds polls: on a busy machine that may be true.
    eventually("it streams", [&] {
        const auto by = transport_by("http://127.0.0.1:" + std::to_string(s.port()) + "/api/");
        BOOST_TEST((by == "stream\n" || by == "poll\n"), by);
        return by == "stream\n";
    });
    const buffering_proxy proxy(s);
    BOOST_TEST(transport_by(proxy.base()) == "poll\n");
}

BOOST_AUTO_TEST_SUITE_END()
