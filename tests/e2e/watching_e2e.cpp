// pollster top and pollster canary at a running server, through nginx and at its socket.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

using namespace e2e;

namespace {

std::string url(const chat& s)
{
    return "http://127.0.0.1:" + std::to_string(s.port()) + "/api";
}

bool has(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

// "delivered after 12.3 ms, answered after 4.5 ms"
std::pair<double, double> times_of(const std::string& line)
{
    double delivered = -1;
    double answered = -1;
    BOOST_TEST(std::sscanf(line.c_str(), "delivered after %lf ms, answered after %lf ms",
                           &delivered, &answered) == 2,
               line);
    return {delivered, answered};
}

} // namespace

BOOST_AUTO_TEST_SUITE(watching_)

BOOST_AUTO_TEST_CASE(top_shows_a_frame_through_nginx_and_at_the_socket)
{
    const chat s;
    hanging_call parked(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    for (const auto& words : {std::vector<std::string>{"top", "--once", url(s)},
                              {"top", "--once", s.socket().string()},
                              {"top", "--once"}}) { // as listen says
        const auto shown = s.administer(words);
        BOOST_TEST(shown.code == 0, shown.output);
        BOOST_TEST(has(shown.output, "1 connected"), shown.output);
        BOOST_TEST(has(shown.output, "1 parked"));
        BOOST_TEST(has(shown.output, "database    last look "));
        BOOST_TEST(!has(shown.output, "\x1b")); // for files and pipes
    }
}

BOOST_AUTO_TEST_CASE(top_goes_on_until_its_reader_leaves_and_says_when_the_server_is_gone)
{
    chat s;
    const auto out = s.folder() / "top.out";
    process top({pollster_program().string(), "top", s.socket().string()}, {out, -1, {}});
    const auto frames = [&] {
        const auto text = read_text(out);
        std::size_t n = 0;
        for (auto at = text.find("\x1b[2J"); at != std::string::npos;
             at = text.find("\x1b[2J", at + 1)) {
            ++n;
        }
        return n;
    };
    eventually("a second frame", [&] { return frames() >= 2; });
    BOOST_TEST(s.stop_pollster() == 0);
    eventually("it is gone", [&] { return has(read_text(out), "cannot connect to "); });
    BOOST_TEST(top.running());
    s.start_pollster();
    const auto now = frames();
    eventually("and back", [&] { return frames() > now + 2; });
    BOOST_TEST(has(read_text(out).substr(read_text(out).rfind("\x1b[2J")), "connected"));
    top.signal(SIGTERM);
    BOOST_TEST(top.wait().value_or(0) == 128 + SIGTERM);
}

BOOST_AUTO_TEST_CASE(nobody_there_and_a_page_that_is_no_pollster_are_one_line)
{
    const chat s;
    const auto nobody = s.administer({"top", "--once", "/nowhere/x.sock"});
    BOOST_TEST(nobody.code == 1);
    BOOST_TEST(nobody.output ==
               "pollster: cannot connect to /nowhere/x.sock: No such file or directory\n");
    const auto other =
        s.administer({"top", "--once", "http://127.0.0.1:" + std::to_string(s.port())});
    BOOST_TEST(other.code == 1);
    BOOST_TEST(has(other.output, "answers 404"), other.output);
    BOOST_TEST(s.administer({"top", "ftp://x"}).code == 2);
}

BOOST_AUTO_TEST_CASE(a_canary_measures_from_its_post_to_its_delivery)
{
    const chat s;
    const auto file = s.folder() / "canary.prom";
    const auto sung =
        s.administer({"canary", url(s), "ann", "1", "--textfile", file}, "ann secret\n");
    BOOST_TEST(sung.code == 0, sung.output);
    const auto [delivered, answered] = times_of(sung.output);
    BOOST_TEST(delivered > 0);
    BOOST_TEST(answered > 0);
    BOOST_TEST(s.sql("select count(*) from pollster.posts where body = 'canary'") == "1");
    BOOST_TEST(s.metric("pollster_posts_total") == 1);
    // Its session is gone with it.
    BOOST_TEST(has(s.log(), "DELETE /session -> 200"));
    const auto text = read_text(file);
    for (const char* line : {"\npollster_canary_up 1", "\npollster_canary_delivery_seconds ",
                             "\npollster_canary_post_seconds ",
                             "\npollster_canary_last_success_timestamp_seconds 1"}) {
        BOOST_TEST(has(text, line), text);
    }
}

BOOST_AUTO_TEST_CASE(a_canary_that_cannot_says_why)
{
    const chat s;
    const auto wrong_password = s.administer({"canary", url(s), "ann", "1"}, "wrong\n");
    BOOST_TEST(wrong_password.code == 1);
    BOOST_TEST(has(wrong_password.output, "Wrong name or password"), wrong_password.output);
    const auto file = s.folder() / "canary.prom";
    const auto no_member =
        s.administer({"canary", url(s), "ann", "3", "--textfile", file}, "ann secret\n");
    BOOST_TEST(no_member.code == 1);
    BOOST_TEST(has(no_member.output, "answered 403"), no_member.output);
    BOOST_TEST(has(read_text(file), "\npollster_canary_up 0"));
    BOOST_TEST(s.administer({"canary", url(s), "ann", "General"}, "ann secret\n").code == 2);
}

BOOST_AUTO_TEST_CASE(a_canary_that_sings_on_notices_the_end_and_the_return)
{
    chat s;
    const auto out = s.folder() / "canary.out";
    const auto secret = s.folder() / "secret";
    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    BOOST_REQUIRE(::write(ends[1], "ann secret\n", 11) == 11);
    ::close(ends[1]);
    process bird({pollster_program().string(), "canary", url(s), "ann", "1", "--every", "1"},
                 {out, ends[0], {}});
    ::close(ends[0]);
    const auto count = [&](const std::string& what) {
        const auto text = read_text(out);
        int n = 0;
        for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
            ++n;
        }
        return n;
    };
    eventually("it sings", [&] { return count("delivered after") >= 2; });
    BOOST_TEST(s.stop_pollster() == 0);
    eventually("it is silent", [&] { return count("answered 503") >= 1; });
    s.start_pollster();
    const int before = count("delivered after");
    eventually("it sings again", [&] { return count("delivered after") > before; });
    bird.signal(SIGTERM);
    bird.wait();
}

BOOST_AUTO_TEST_CASE(over_https_a_good_certificate_is_demanded)
{
    const stack s({.site = "pollster-https.conf"});
    const auto out = s.folder() / "canary.out";
    const auto secret = s.folder() / "secret";
    std::ofstream(secret) << "ann-demo-pass\n";
    const auto sing = [&](const std::string& trusted) {
        const int input = ::open(secret.c_str(), O_RDONLY | O_CLOEXEC);
        process bird({pollster_program().string(), "canary",
                      "https://localhost:" + std::to_string(s.tls_port()) + "/api", "ann", "1"},
                     {out, input, {"SSL_CERT_FILE=" + trusted}});
        ::close(input);
        return bird.wait();
    };
    BOOST_TEST(sing(s.folder() / "tls" / "fullchain.pem").value_or(-1) == 0);
    BOOST_TEST(has(read_text(out), "delivered after "), read_text(out));
    BOOST_TEST(sing("/dev/null").value_or(-1) == 1);
    BOOST_TEST(has(read_text(out), "its certificate: "), read_text(out));
}

BOOST_AUTO_TEST_SUITE_END()
