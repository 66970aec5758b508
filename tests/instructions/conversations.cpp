// Fixed conversations for tests/instructions/check: `conversations NAME [--wasteful]` holds one of
// them, with callgrind counting only the part between counting() and its end, and fails if an
// answer is not the right one. --wasteful does one part in ten twice, to show that it is noticed.
#include "fcgi_app/fastcgi/demux.hpp"
#include "fcgi_app/fastcgi/params.hpp"
#include "fcgi_app/http/poll_request.hpp"
#include "fcgi_app/http/request.hpp"
#include "tests/fcgi_app/fastcgi/conversation.hpp"
#include "tests/fibers/in_loop.hpp"
#include "tests/instructions/served.hpp"

#include <spdlog/spdlog.h>
#include <valgrind/callgrind.h>

#include <array>
#include <cstdio>
#include <stdexcept>

#include <sys/resource.h>

namespace {

constexpr int times = 1000;

// Callgrind counts while this lives.
class counting {
public:
    counting() { CALLGRIND_START_INSTRUMENTATION; }
    ~counting() { CALLGRIND_STOP_INSTRUMENTATION; }
    counting(const counting&) = delete;
    counting& operator=(const counting&) = delete;
};

void must(bool good, const char* what)
{
    if (!good) {
        throw std::runtime_error(what);
    }
}

std::string token(int user)
{
    const std::string n = std::to_string(user);
    return std::string(43 - n.size(), 's') + n;
}

// As nginx sends it (nginx/snippets/application.conf) for a browser, request id 1.
std::string request_bytes(const std::string& method, const std::string& body, bool json)
{
    const fastcgi_test::pairs params{
        {"GATEWAY_INTERFACE", "CGI/1.1"},
        {"SERVER_SOFTWARE", "nginx/1.22.1"},
        {"SERVER_PROTOCOL", "HTTP/1.1"},
        {"SERVER_NAME", "_"},
        {"SERVER_ADDR", "192.0.2.1"},
        {"SERVER_PORT", "80"},
        {"REMOTE_ADDR", "192.0.2.77"},
        {"REMOTE_PORT", "40000"},
        {"REQUEST_METHOD", method},
        {"REQUEST_URI", "/api/"},
        {"REQUEST_SCHEME", "http"},
        {"SCRIPT_NAME", "/api"},
        {"PATH_INFO", "/"},
        {"DOCUMENT_URI", "/api/"},
        {"QUERY_STRING", ""},
        {"CONTENT_TYPE", json ? "application/json" : "application/x-www-form-urlencoded"},
        {"CONTENT_LENGTH", body.empty() ? "" : std::to_string(body.size())},
        {"HTTP_HOST", "chat.example"},
        {"HTTP_USER_AGENT",
         "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"},
        {"HTTP_ACCEPT", "*/*"},
        {"HTTP_ACCEPT_LANGUAGE", "en-US,en;q=0.5"},
        {"HTTP_ACCEPT_ENCODING", "gzip, deflate"},
        {"HTTP_REFERER", "http://chat.example/"},
        {"HTTP_CONNECTION", "keep-alive"},
    };
    return fastcgi_test::conversation().request(1, params, body).bytes();
}

// Poll `n` of user n reads a wall of all and a wall of ten.
std::string poll_bytes(int n, bool json)
{
    const std::string own = std::to_string(2 + n / 10);
    if (json) {
        return request_bytes("POST",
                             R"({"session_id":")" + token(n) + R"(","last_post_id":{"1":0,")" +
                                 own + R"(":0}})",
                             true);
    }
    return request_bytes(
        "POST", "session_id=" + token(n) + "&last_post_id%5B1%5D=0&last_post_id%5B" + own + "%5D=0",
        false);
}

// Bytes of the web server to cursors, every second one a form, the others JSON.
class parsing final : public fastcgi::sink {
public:
    void on_request(fastcgi::raw_request&& r) override
    {
        const auto params = fastcgi::decode_params(r.params);
        auto request = http::request::from_cgi(params.value(), std::move(r.body));
        const http::poll_body body = request->content_type == "application/json"
                                         ? http::parse_poll_json(request->body)
                                         : http::parse_poll_form(request->body);
        right += !body.malformed && body.cursors.size() == 2 && body.session_id.size() == 43;
        demux.finish(r.id);
    }
    void on_abort(fastcgi::request_id) override {}
    void on_reply(std::string_view, bool) override {}
    void on_broken(std::string_view) override {}

    const fastcgi::limits allowed;
    fastcgi::demux demux{allowed};
    int right = 0;
};

void parse_1000_polls(bool wasteful)
{
    std::vector<std::string> polls;
    for (int n = 0; n < times; ++n) {
        polls.push_back(poll_bytes(n, n % 2 == 0));
    }
    parsing p;
    {
        const counting now;
        for (int n = 0; n < times; ++n) {
            const auto& bytes = polls[static_cast<std::size_t>(n)];
            p.demux.feed(bytes, p);
            if (wasteful && n % 10 == 0) {
                p.demux.feed(bytes, p);
            }
        }
    }
    must(p.right == times + (wasteful ? times / 10 : 0), "a poll was not understood");
}

// Reads one whole answer: its END_REQUEST is the last record.
std::string answer_of(fibers::descriptor& connection)
{
    std::array<char, 4096> buffer{};
    std::string out;
    do {
        const ssize_t n = connection.read(buffer);
        must(n > 0, "the server closed");
        out.append(buffer.data(), static_cast<std::size_t>(n));
    } while (out.size() < 16 || out[out.size() - 15] != FCGI_END_REQUEST);
    return out;
}

void pings_1000(bool wasteful)
{
    fibers::testing::in_loop([&](fibers::reactor& loop) {
        instructions::served s(loop);
        const auto connection = s.connect();
        const std::string ping = request_bytes("GET", {}, true);
        int right = 0;
        const int asked = times + (wasteful ? times / 10 : 0);
        {
            const counting now;
            for (int n = 0; n < asked; ++n) {
                must(connection->write(ping), "write");
                right += answer_of(*connection).find(R"({"ack":"huzzah!"})") != std::string::npos;
            }
        }
        must(right == asked, "a ping was not answered");
    });
}

// A connection for each poll, as behind nginx; all wake for one entry on the wall of all.
void park_and_wake_1000(bool wasteful)
{
    fibers::testing::in_loop([&](fibers::reactor& loop) {
        instructions::served s(loop);
        const int asked = times + (wasteful ? times / 10 : 0);
        std::vector<std::unique_ptr<fibers::descriptor>> connections;
        std::vector<std::string> polls;
        for (int n = 0; n < asked; ++n) {
            s.data().sessions[token(n)] =
                walls::testing::somebody(n, {walls::wall_id{1}, walls::wall_id{2 + n / 10}});
            connections.push_back(s.connect());
            polls.push_back(poll_bytes(n, n % 2 == 0));
        }
        {
            const counting now;
            for (std::size_t n = 0; n < polls.size(); ++n) {
                must(connections[n]->write(polls[n]), "write");
            }
            s.until([&] { return s.parked() == polls.size(); });
            s.data().add(1, "news for all");
            s.hint();
            s.until([&] { return s.clients() == 0; });
        }
        for (auto& c : connections) {
            must(answer_of(*c).find("news for all") != std::string::npos,
                 "a poll was not answered with the entry");
        }
    });
}

struct conversation {
    std::string_view name;
    void (*hold)(bool wasteful);
};
constexpr std::array conversations{
    conversation{"parse_1000_polls", parse_1000_polls},
    conversation{"pings_1000", pings_1000},
    conversation{"park_and_wake_1000", park_and_wake_1000},
};

} // namespace

int main(int count, char** words)
{
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    spdlog::set_level(spdlog::level::warn);
    const bool wasteful = count == 3 && std::string_view(words[2]) == "--wasteful";
    for (const conversation& c : conversations) {
        if (count >= 2 && c.name == words[1]) {
            try {
                c.hold(wasteful);
                return 0;
            } catch (const std::exception& e) {
                std::fprintf(stderr, "%s: %s\n", words[1], e.what());
                return 1;
            }
        }
    }
    for (const conversation& c : conversations) {
        std::printf("%s\n", c.name.data());
    }
    return count == 1 ? 0 : 2;
}
