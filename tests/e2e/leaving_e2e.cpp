// What each front does when the browser of a parked poll, or of a stream, leaves: the table of
// docs/FOREIGN_SERVERS.md, cell by cell.
#include "tests/e2e/event_stream.hpp"
#include "tests/e2e/fronts.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <tuple>

using namespace e2e;

namespace {

enum class protocol { http1, http2 };

// Node, which keeps the connection when it leaves, as a browser does: only the request is reset.
// Arguments: port, session, method, path, body. Leaves at SIGUSR2.
const std::string http2_browser = R"(
    const [, port, session, method, path, body] = process.argv;
    const connection = require('node:http2').connect(`http://127.0.0.1:${port}`);
    const request = connection.request({ ':method': method, ':path': path, 'authorization': `Bearer ${session}`,
                                         'content-type': 'application/json',
                                         ...(body && { 'content-length': Buffer.byteLength(body) }) });
    request.on('error', () => {});
    request.resume();
    request.end(body);
    process.on('SIGUSR2', () => request.close(8)); // CANCEL
    setInterval(() => {}, 1000);
)";

const std::string last_entry =
    "select coalesce(max(id), 0) from pollster.entries where wall_id = 1";

// A browser that waits at a front, and has read what came.
class browser {
public:
    browser(const chat& s, const front& f, protocol p, const call& c)
    {
        const auto port = std::to_string(p == protocol::http2 ? f.http2_port() : f.port());
        if (p == protocol::http2) {
            node_ = std::make_unique<process>(std::vector<std::string>{"node", "-e", http2_browser,
                                                                       port, bob, c.method,
                                                                       "/api" + c.path, c.body},
                                              process::options{});
        } else if (c.method == "GET") {
            stream_ = std::make_unique<event_stream>(
                s.folder(), "http://127.0.0.1:" + port + "/api" + c.path, bob,
                std::vector<std::string>{"-g", "--http1.1"});
            stream_->until("retry: ");
        } else {
            poll_ = std::make_unique<hanging_call>(f.port(), c);
        }
        s.until_parked(1);
    }
    void leave() const
    {
        if (node_) {
            node_->signal(SIGUSR2);
        } else if (stream_) {
            stream_->leave();
        } else {
            poll_->leave();
        }
    }

private:
    std::unique_ptr<process> node_;
    std::unique_ptr<event_stream> stream_;
    std::unique_ptr<hanging_call> poll_;
};

double ended(const chat& s, const std::string& kind, const std::string& outcome)
{
    return s.metric("pollster_" + kind + "_total{outcome=\"" + outcome + "\"}");
}

void until_ended(const chat& s, const std::string& kind, const std::string& outcome, double times)
{
    s.until_parked(0);
    eventually(kind + ' ' + outcome, [&] { return ended(s, kind, outcome) == times; });
}

// Before any heartbeat is due, which is after 3/4 of 25 s, and before the front gives a poll up
// (75 s). If this machine slept meanwhile, that says nothing, and another browser leaves.
void leaves_at_once(const chat& s, const front& f, protocol p, const std::string& kind,
                    const call& c)
{
    for (int attempt = 1; attempt <= 5; ++attempt) {
        const auto before = ended(s, kind, "gone");
        const stopwatch since_it_came;
        const browser b(s, f, p, c);
        b.leave();
        until_ended(s, kind, "gone", before + 1);
        if (since_it_came.ms() < 18'000) {
            return;
        }
    }
    BOOST_ERROR("of the " << kind << " of a browser that has left none ends by itself");
}

void stays_parked(const chat& s)
{
    BOOST_TEST(stays(1s, [&] { return s.metric("pollster_parked_polls") == 1; }));
}

// Which is written to nobody.
void poll_ends_with_its_answer(const chat& s, const front& f, protocol p, const call& c)
{
    const auto before = ended(s, "polls", "news");
    const browser b(s, f, p, c);
    b.leave();
    stays_parked(s);
    s.sql(insert_post(1, 1, "news"));
    until_ended(s, "polls", "news", before + 1);
}

void stream_ends_with_events(const chat& s, const front& f, protocol p, const call& c)
{
    const auto before = ended(s, "streams", "gone");
    const browser b(s, f, p, c);
    b.leave();
    stays_parked(s);
    eventually("it ends with an event", [&] {
        s.sql(insert_post(1, 1, "an event"));
        return s.metric("pollster_parked_polls") == 0;
    });
    until_ended(s, "streams", "gone", before + 1);
}

// Nothing is new to it.
call a_poll(const chat& s)
{
    return poll_call(bob, R"({"1":)" + s.sql(last_entry) + "}");
}

call a_stream(const chat& s)
{
    return {"GET", "/events?last_post_id%5B1%5D=" + s.sql(last_entry), {}, {}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(leaving_)

BOOST_AUTO_TEST_CASE(a_browser_leaves_each_front_as_the_page_says)
{
    for (const auto& kind : fronts()) {
        BOOST_TEST_MESSAGE(kind.name);
        BOOST_TEST_CONTEXT(kind.name)
        {
            chat s(with(kind.of_pollster(),
                        {{"poll_seconds", "3600"}, {"stream_heartbeat_seconds", "25"}}));
            const auto f = kind.start(s);
            for (const auto& [p, poll, stream] :
                 {std::tuple(protocol::http1, kind.poll, kind.stream),
                  std::tuple(protocol::http2, kind.poll_http2, kind.stream_http2)}) {
                if (poll == "at once") {
                    leaves_at_once(s, *f, p, "polls", a_poll(s));
                } else if (poll == "with its answer") {
                    poll_ends_with_its_answer(s, *f, p, a_poll(s));
                } else {
                    BOOST_ERROR("what is \"" << poll << "\"?");
                }
                if (stream == "at once") {
                    leaves_at_once(s, *f, p, "streams", a_stream(s));
                } else if (stream == "with the next events") {
                    stream_ends_with_events(s, *f, p, a_stream(s));
                } else {
                    BOOST_ERROR("what is \"" << stream << "\"?");
                }
            }
            BOOST_TEST(f->send({}).status == 200);
            BOOST_TEST(s.metric("pollster_failures_total") == 0);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
