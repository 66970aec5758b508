// The same conversations with libfcgi, over a real socket, and with our demux. Where the two
// differ, docs/FASTCGI.md gives the reason, and the difference is asserted here, so that the page
// stays true.
#include "fcgi_app/fastcgi/encode.hpp"
#include "tests/fcgi_app/fastcgi/owner.hpp"

#include <fcgiapp.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace fastcgi_test;

namespace {

// What a step of a conversation is answered with.
struct reply {
    std::string out;                   // STDOUT, put together
    std::vector<answer_record> others; // END_REQUEST and management answers
    bool closed = false;               // by the application, after the answer
};

void add(reply& to, std::vector<answer_record> records)
{
    for (auto& r : records) {
        if (r.header.type == FCGI_STDOUT) {
            to.out += r.content;
        } else if (r.header.type != FCGI_STDERR) {
            to.others.push_back(std::move(r));
        }
    }
}

// "NAME=value;" of each parameter, then the body. libfcgi adds FCGI_ROLE, which is no difference.
std::string shown(const std::vector<std::string>& params, const std::string& body)
{
    std::string out;
    for (const auto& p : params) {
        if (!p.starts_with("FCGI_ROLE=")) {
            out += p + ";";
        }
    }
    return out + "|" + body;
}

void answer_with_libfcgi(FCGX_Request& request)
{
    std::vector<std::string> params;
    for (char** p = request.envp; *p != nullptr; ++p) {
        params.emplace_back(*p);
    }
    std::string body;
    std::array<char, 1000> buffer{};
    for (int n = 0; (n = FCGX_GetStr(buffer.data(), buffer.size(), request.in)) > 0;) {
        body.append(buffer.data(), static_cast<std::size_t>(n));
    }
    const auto answer = shown(params, body);
    FCGX_PutStr(answer.data(), static_cast<int>(answer.size()), request.out);
}

// A process that answers with FCGX_Accept_r, one connection after the other.
class libfcgi_responder {
public:
    libfcgi_responder()
    {
        std::string folder = std::filesystem::temp_directory_path() / "libfcgi_test.XXXXXX";
        if (mkdtemp(folder.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        folder_ = folder;
        path_ = folder_ / "socket";
        const int listening = FCGX_OpenSocket(path_.c_str(), 10);
        child_ = fork();
        if (child_ == 0) {
            FCGX_Init();
            FCGX_Request request;
            FCGX_InitRequest(&request, listening, 0);
            while (FCGX_Accept_r(&request) == 0) {
                answer_with_libfcgi(request);
                FCGX_Finish_r(&request);
            }
            _exit(1);
        }
        close(listening);
    }
    ~libfcgi_responder()
    {
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
        std::filesystem::remove_all(folder_);
    }
    libfcgi_responder(const libfcgi_responder&) = delete;
    libfcgi_responder& operator=(const libfcgi_responder&) = delete;

    int connect_to() const
    {
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.native().copy(address.sun_path, sizeof address.sun_path - 1);
        BOOST_REQUIRE(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        return fd;
    }

private:
    std::filesystem::path folder_;
    std::filesystem::path path_;
    pid_t child_ = 0;
};

constexpr int soon = 5000; // ms, only ever waited for in a test that fails

// Sends each step when the one before has been answered (libfcgi loses what is sent earlier).
std::vector<reply> ask_libfcgi(const std::vector<conversation>& steps)
{
    static const libfcgi_responder responder;
    const int fd = responder.connect_to();
    std::vector<reply> replies;
    std::string unread;
    for (const auto& step : steps) {
        const auto bytes = step.bytes();
        const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        BOOST_REQUIRE(sent == static_cast<ssize_t>(bytes.size()));
        auto& r = replies.emplace_back();
        const bool last = replies.size() == steps.size();
        if (last) {
            shutdown(fd, SHUT_WR); // so that a kept connection ends too
        }
        while (!r.closed && (last || r.others.empty())) {
            pollfd p{fd, POLLIN, 0};
            BOOST_REQUIRE(poll(&p, 1, soon) == 1);
            std::array<char, 65536> buffer{};
            const auto n = recv(fd, buffer.data(), buffer.size(), 0);
            r.closed = n <= 0;
            unread.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
            add(r, take_records(unread));
        }
    }
    close(fd);
    return replies;
}

// An application over our demux that answers as the one above does.
class responder : public fastcgi::sink {
public:
    void on_request(fastcgi::raw_request&& r) override
    {
        const auto decoded = fastcgi::decode_params(r.params).value();
        std::vector<std::string> params;
        params.reserve(decoded.size());
        for (const auto& [name, value] : decoded) {
            params.push_back(std::string(name) + "=" + std::string(value));
        }
        fastcgi::append_answer(sent, r.id, shown(params, r.body));
        demux.finish(r.id);
        closed |= !r.keep_conn;
    }
    void on_abort(fastcgi::request_id) override {}
    void on_reply(std::string_view bytes, bool close_after) override
    {
        sent += bytes;
        closed |= close_after;
    }
    void on_broken(std::string_view) override { closed = true; }

    const fastcgi::limits allowed{.max_connections = 10};
    fastcgi::demux demux{allowed};
    std::string sent;
    bool closed = false;
};

std::vector<reply> ask_ours(const std::vector<conversation>& steps)
{
    responder app;
    std::vector<reply> replies;
    for (const auto& step : steps) {
        app.demux.feed(step.bytes(), app);
        add(replies.emplace_back(), take_records(app.sent));
        replies.back().closed = app.closed || replies.size() == steps.size(); // by our half-close
    }
    return replies;
}

void the_same(const std::vector<conversation>& steps)
{
    const auto theirs = ask_libfcgi(steps);
    const auto ours = ask_ours(steps);
    for (std::size_t n = 0; n < steps.size(); ++n) {
        BOOST_TEST(theirs[n].out == ours[n].out);
        BOOST_TEST((theirs[n].others == ours[n].others));
        BOOST_TEST(theirs[n].closed == ours[n].closed);
        BOOST_TEST(!ours[n].others.empty()); // nothing compared with nothing
    }
}

const pairs post = {{"REQUEST_METHOD", "POST"},
                    {"CONTENT_LENGTH", "5"},
                    {"LONG", std::string(300, 'v')},
                    {"EMPTY", ""}};

} // namespace

BOOST_AUTO_TEST_SUITE(libfcgi_)

BOOST_AUTO_TEST_CASE(single_requests_are_answered_alike)
{
    the_same({conversation().request(1, post, "hello")});
    the_same({conversation().request(1, post, "hello", false)});
    the_same({conversation().request(1, {})});
    the_same({conversation().request(300, post)});
    the_same({conversation().request(65535, post, std::string(60'000, 'b'), false)});
}

BOOST_AUTO_TEST_CASE(sequential_requests_on_a_kept_connection_are_answered_alike)
{
    the_same({conversation().request(1, post, "first"), conversation().request(1, post, "second"),
              conversation().request(2, post, "third"),
              conversation().request(1, post, "last", false)});
}

BOOST_AUTO_TEST_CASE(split_params_are_read_alike)
{
    const auto all = encoded(post);
    for (std::size_t cut = 1; cut < all.size(); cut += 7) {
        the_same({conversation()
                      .begin(1)
                      .params(1, std::string_view(all).substr(0, cut))
                      .params(1, std::string_view(all).substr(cut))
                      .end_params(1)
                      .end_body(1)});
    }
}

BOOST_AUTO_TEST_CASE(split_bodies_and_padding_are_read_alike)
{
    conversation c;
    c.begin(1).params(1, post).end_params(1);
    for (std::uint8_t padding = 0; padding < 20; ++padding) {
        c.record(FCGI_STDIN, 1, std::string(1 + padding * 13U, 'b'), padding);
    }
    the_same({c.end_body(1)});
}

BOOST_AUTO_TEST_CASE(records_of_other_requests_are_ignored_alike)
{
    the_same({conversation()
                  .params(9, post)
                  .begin(1)
                  .params(9, "x")
                  .params(1, post)
                  .body(9, "x")
                  .end_params(1)
                  .body(9, "y")
                  .body(1, "hello")
                  .end_body(1)});
}

BOOST_AUTO_TEST_CASE(an_empty_record_of_another_request_is_the_end_of_everything_to_libfcgi)
{
    const conversation inside =
        conversation().begin(1).params(1, post).end_params(1).abort(9).body(1, "hello").end_body(1);
    BOOST_TEST(ask_libfcgi({inside})[0].out.ends_with("|"));
    BOOST_TEST(ask_ours({inside})[0].out.ends_with("|hello"));

    const conversation before = conversation().abort(9).request(1, post);
    BOOST_TEST(ask_libfcgi({before})[0].others.empty());
    BOOST_TEST(ask_ours({before})[0].others.size() == 1u);
}

BOOST_AUTO_TEST_CASE(unknown_management_types_without_content_are_answered_alike)
{
    for (const int type : {FCGI_END_REQUEST, FCGI_STDOUT, FCGI_UNKNOWN_TYPE, 12, 255}) {
        const auto unknown = conversation().record(static_cast<unsigned char>(type), 0);
        the_same({unknown, conversation().request(1, post)});
    }
}

BOOST_AUTO_TEST_CASE(content_of_unknown_management_types_is_skipped_by_us_and_misread_by_libfcgi)
{
    const std::vector<conversation> steps = {conversation().record(12, 0, "12345678"),
                                             conversation().request(1, post)};
    const auto theirs = ask_libfcgi(steps);
    const auto ours = ask_ours(steps);
    BOOST_TEST((theirs[0].others == ours[0].others));
    BOOST_TEST(theirs[1].others.empty()); // it took "12345678" for a header
    BOOST_TEST(ours[1].others.size() == 1u);
}

BOOST_AUTO_TEST_CASE(get_values_differ_in_what_they_promise)
{
    const auto ask = conversation()
                         .get_values({FCGI_MAX_CONNS, FCGI_MAX_REQS, FCGI_MPXS_CONNS})
                         .request(1, post);
    const auto theirs = ask_libfcgi({ask});
    const auto ours = ask_ours({ask});
    BOOST_REQUIRE(theirs[0].others.size() == 2u);
    BOOST_REQUIRE(ours[0].others.size() == 2u);
    const auto expected_of_them =
        encoded({{FCGI_MAX_CONNS, "1"}, {FCGI_MAX_REQS, "1"}, {FCGI_MPXS_CONNS, "0"}});
    const auto expected_of_us =
        encoded({{FCGI_MAX_CONNS, "10"}, {FCGI_MAX_REQS, "50000"}, {FCGI_MPXS_CONNS, "1"}});
    BOOST_TEST(theirs[0].others[0].content == expected_of_them);
    BOOST_TEST(ours[0].others[0].content == expected_of_us);
    BOOST_TEST(theirs[0].out == ours[0].out);
    BOOST_TEST((theirs[0].others[1] == ours[0].others[1]));
}

BOOST_AUTO_TEST_CASE(get_values_alone_are_answered_by_us_and_not_by_libfcgi)
{
    const std::vector<conversation> alone = {conversation().get_values({FCGI_MPXS_CONNS})};
    BOOST_TEST(ask_libfcgi(alone)[0].others.empty()); // it waits for the next record
    BOOST_TEST(ask_ours(alone)[0].others.size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_unknown_role_is_answered_by_us_and_hung_up_on_by_libfcgi)
{
    const std::vector<conversation> steps = {
        conversation().begin(1, true, 9).params(1, post).end_params(1).end_body(1)};
    const auto theirs = ask_libfcgi(steps);
    BOOST_TEST(theirs[0].others.empty());
    BOOST_TEST(theirs[0].closed);
    const auto ours = ask_ours(steps);
    BOOST_REQUIRE(ours[0].others.size() == 1u);
    BOOST_TEST(protocol_status(ours[0].others[0]) == FCGI_UNKNOWN_ROLE);
}

BOOST_AUTO_TEST_CASE(an_authorizer_is_played_by_libfcgi_and_refused_by_us)
{
    const std::vector<conversation> steps = {
        conversation().begin(1, true, FCGI_AUTHORIZER).params(1, post).end_params(1)};
    const auto theirs = ask_libfcgi(steps);
    BOOST_REQUIRE(theirs[0].others.size() == 1u);
    BOOST_TEST(protocol_status(theirs[0].others[0]) == FCGI_REQUEST_COMPLETE);
    const auto ours = ask_ours(steps);
    BOOST_REQUIRE(ours[0].others.size() == 1u);
    BOOST_TEST(protocol_status(ours[0].others[0]) == FCGI_UNKNOWN_ROLE);
}

BOOST_AUTO_TEST_CASE(a_second_request_at_a_time_is_served_by_us_and_refused_by_libfcgi)
{
    const std::vector<conversation> steps = {conversation()
                                                 .begin(1)
                                                 .params(1, post)
                                                 .end_params(1)
                                                 .begin(2)
                                                 .params(2, post)
                                                 .end_params(2)
                                                 .end_body(2)
                                                 .end_body(1)};
    const auto theirs = ask_libfcgi(steps);
    BOOST_REQUIRE(theirs[0].others.size() == 2u);
    BOOST_TEST(theirs[0].others[0].header.id == 2);
    BOOST_TEST(protocol_status(theirs[0].others[0]) == FCGI_CANT_MPX_CONN);
    BOOST_TEST(protocol_status(theirs[0].others[1]) == FCGI_REQUEST_COMPLETE);
    const auto ours = ask_ours(steps);
    BOOST_REQUIRE(ours[0].others.size() == 2u);
    BOOST_TEST(protocol_status(ours[0].others[0]) == FCGI_REQUEST_COMPLETE);
    BOOST_TEST(protocol_status(ours[0].others[1]) == FCGI_REQUEST_COMPLETE);
}

BOOST_AUTO_TEST_CASE(an_aborted_request_runs_on_half_read_in_libfcgi_and_never_begins_with_us)
{
    const std::vector<conversation> steps = {
        conversation().begin(1).params(1, post).end_params(1).body(1, "hel").abort(1)};
    const auto theirs = ask_libfcgi(steps);
    BOOST_TEST(theirs[0].out.ends_with("|hel")); // the error of its stream looks like its end
    const auto ours = ask_ours(steps);
    BOOST_TEST(ours[0].out == "");
    BOOST_REQUIRE(ours[0].others.size() == 1u);
    BOOST_TEST(protocol_status(ours[0].others[0]) == FCGI_REQUEST_COMPLETE);
}

BOOST_AUTO_TEST_CASE(a_body_before_the_params_is_taken_by_us_and_loses_both_in_libfcgi)
{
    const std::vector<conversation> steps = {
        conversation().begin(1).body(1, "hello").end_body(1).params(1, post).end_params(1)};
    BOOST_TEST(ask_libfcgi(steps)[0].out == "|");
    const auto ours = ask_ours(steps);
    BOOST_TEST(ours[0].out.starts_with("REQUEST_METHOD=POST;"));
    BOOST_TEST(ours[0].out.ends_with("|hello"));
}

BOOST_AUTO_TEST_SUITE_END()
