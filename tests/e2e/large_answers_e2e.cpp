// Answers are bounded, each of them and all of them together, and nothing is lost by that.
#include "bench/fcgi_client.hpp"
#include "tests/e2e/chat.hpp"
#include "tests/e2e/fcgi_peer.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <deque>
#include <fstream>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace e2e;
namespace json = boost::json;

namespace {

constexpr std::size_t longest_post = 65'536;

// Posts of 64 KB on walls 11, 12, … of which ann and bob are members; of each three one is of
// characters that JSON writes as six.
void fill(const chat& s, int walls, int posts)
{
    const std::string last = std::to_string(10 + walls);
    // The index of the search takes most of the time.
    s.sql("do $$ declare i regclass; begin for i in select x.indexrelid from pg_index x "
          "join pg_class c on c.oid = x.indexrelid join pg_am a on a.oid = c.relam "
          "where x.indrelid = 'pollster_default.posts'::regclass and a.amname = 'gin' loop "
          "execute 'drop index ' || i; end loop; end $$");
    s.sql("insert into pollster.walls (id, name) select n, 'wall ' || n from generate_series(11, " +
          last + ") n");
    s.sql("insert into pollster.memberships (user_id, wall_id) select u, n from "
          "generate_series(11, " +
          last + ") n, generate_series(1, 2) u");
    s.sql("insert into pollster.posts (wall_id, user_id, body) select n, 2, repeat(case p % 3 when "
          "0 then chr(1) else 'x' end, 65536) from generate_series(1, " +
          std::to_string(posts) + ") p, generate_series(11, " + last + ") n");
}

// A client that is behind on those walls.
struct reader {
    std::map<std::string, std::int64_t> cursors;
    std::size_t largest = 0;

    explicit reader(int walls)
    {
        for (int n = 11; n <= 10 + walls; ++n) {
            cursors[std::to_string(n)] = 0;
        }
    }
    std::string asks() const
    {
        json::object all;
        for (const auto& [wall, last] : cursors) {
            all[wall] = last;
        }
        return json::serialize(all);
    }
    // Every entry is the next one of its wall. Returns whether the server says that there is more.
    bool takes(std::string_view body)
    {
        largest = std::max(largest, body.size());
        const auto answer = json::parse({body.data(), body.size()}).as_object();
        bool more = answer.contains("more");
        for (const auto& [wall, news] : answer.at("walls").as_object()) {
            auto& last = cursors.at(std::string(wall));
            for (const auto& e : news.at("posts").as_array()) {
                BOOST_TEST_REQUIRE(e.at("id").as_int64() == ++last);
                BOOST_TEST_REQUIRE(e.at("body").as_string().size() == longest_post);
            }
            more = more || news.as_object().contains("more");
        }
        return more;
    }
    bool has_all(std::int64_t posts) const
    {
        return std::all_of(cursors.begin(), cursors.end(),
                           [posts](const auto& c) { return c.second == posts; });
    }
};

// VmHWM: the most that was resident so far.
std::size_t most_resident(pid_t pid)
{
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    std::string word;
    std::size_t kb = 0;
    while (in >> word) {
        if (word == "VmHWM:") {
            in >> kb;
        }
    }
    return kb * 1024;
}

// A sanitizer's own memory is no part of what is promised.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_counts = false;
#else
constexpr bool memory_counts = true;
#endif

fastcgi_test::conversation large_poll(const std::string& session, int walls,
                                      fastcgi::request_id id = 1)
{
    const auto body = poll_call(session, reader(walls).asks()).body;
    fastcgi_test::conversation c;
    c.request(id, parameters("POST", "/", body), body);
    return c;
}

double waiting(const chat& s)
{
    return s.metric("pollster_answers_waiting");
}

// The least room that can be set: two answers of the least size wait for nobody.
settings narrow(const std::string& send_timeout)
{
    return {{"max_answer_bytes", "4194304"},
            {"send_timeout_seconds", send_timeout},
            {"stop_timeout_seconds", "1"}};
}

// Takes some bytes whenever it is told to.
class slow_peer {
public:
    explicit slow_peer(const std::filesystem::path& socket)
        : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::copy_n(socket.c_str(), socket.native().size(), address.sun_path);
        BOOST_TEST_REQUIRE(
            ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }
    ~slow_peer() { ::close(fd_); }
    slow_peer(const slow_peer&) = delete;
    slow_peer& operator=(const slow_peer&) = delete;

    void send(const std::string& bytes) const
    {
        BOOST_TEST_REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                           static_cast<ssize_t>(bytes.size()));
    }
    bool take(std::size_t bytes) // false: the server closed
    {
        std::string buffer(bytes, ' ');
        const auto n = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
        return n > 0 || (n < 0 && errno == EAGAIN);
    }

private:
    int fd_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(large_answers_)

BOOST_AUTO_TEST_CASE(a_poll_from_the_beginning_gets_everything_once_and_in_order_in_several_answers)
{
    chat s;
    fill(s, 30, 3);
    reader r(30);
    int answers = 0;
    for (bool more = true; more; ++answers) {
        const auto a = s.send(poll_call(ann, r.asks()));
        BOOST_TEST_REQUIRE(a.status == 200);
        more = r.takes(a.body);
    }
    BOOST_TEST(r.has_all(3));
    BOOST_TEST(r.largest <= 1'048'576u + 1000);
    BOOST_TEST(answers >= 15); // 30 walls of 524 KB
    hanging_call parked(s, poll_call(ann, r.asks()));
    s.until_parked(1);
}

// 24 clients of two users; each would get 16 MB by one answer.
BOOST_AUTO_TEST_CASE(memory_stays_bounded_whatever_is_asked_for)
{
    chat s(settings{{"max_answer_bytes", "33554432"}});
    fill(s, 30, 3);
    const std::size_t before = most_resident(s.pollster().pid());
    std::vector<reader> readers(24, reader(30));
    std::size_t done = 0;
    bench::fcgi_client* client = nullptr;
    const auto ask = [&](std::size_t n) {
        const auto body = poll_call(n % 2 == 0 ? ann : bob, readers[n].asks()).body;
        client->begin(n, bench::encode_request("POST", "/", body.size()), body, n);
    };
    bench::fcgi_client all([&](const bench::answer& a) {
        BOOST_TEST_REQUIRE(a.status() == 200);
        if (readers[a.tag].takes(a.body())) {
            ask(a.tag);
        } else {
            ++done;
        }
    });
    client = &all;
    for (std::size_t n = 0; n < readers.size(); ++n) {
        all.connect(s.socket());
        ask(n);
    }
    double most_counted = 0;
    int turns = 0;
    while (done < readers.size()) {
        all.run(10ms);
        if (++turns % 10 == 0) {
            most_counted = std::max(most_counted, s.metric("pollster_answer_bytes"));
        }
    }
    for (const auto& r : readers) {
        BOOST_TEST(r.has_all(3));
    }
    BOOST_TEST(most_counted > 0);
    BOOST_TEST(most_counted <= 33'554'432);
    if (memory_counts) {
        BOOST_TEST(most_resident(s.pollster().pid()) < before + std::size_t{100} * 1024 * 1024);
    }
    eventually("everything is given back", [&] { return s.metric("pollster_answer_bytes") == 0; });
}

BOOST_AUTO_TEST_CASE(equal_clients_cost_one_read)
{
    chat s;
    fill(s, 3, 1);
    hanging_call keeps_the_server_awake(s, poll_call(bob, R"({"2":0})"));
    s.until_parked(1);
    fcgi_peer peer(s.socket());
    fastcgi_test::conversation many;
    for (fastcgi::request_id id = 1; id <= 50; ++id) {
        const auto body = poll_call(ann, reader(3).asks()).body;
        many.request(id, parameters("POST", "/", body), body);
    }
    const double before = s.metric("pollster_sql_statements_total");
    peer.send(many);
    for (fastcgi::request_id id = 1; id <= 50; ++id) {
        const auto a = peer.answer_of(id);
        reader r(3);
        r.takes(std::string_view(a).substr(a.find("\r\n\r\n") + 4));
        BOOST_TEST(r.has_all(1));
    }
    // Sessions and looks are among them, but not a read for each.
    BOOST_TEST(s.metric("pollster_sql_statements_total") - before < 40);
}

BOOST_AUTO_TEST_CASE(history_comes_in_pages_of_as_many_bytes_as_it_may_have)
{
    chat s;
    fill(s, 1, 40);
    std::int64_t oldest = 41;
    std::string before;
    for (bool more = true; more;) {
        const auto a =
            s.send(signed_by(ann, call{"GET", "/walls/11/posts?limit=200" + before, {}, {}}));
        BOOST_TEST_REQUIRE(a.status == 200);
        BOOST_TEST(a.body.size() <= 1'048'576u + 1000);
        const auto page = json::parse(a.body).as_object();
        const auto& posts = page.at("posts").as_array();
        BOOST_TEST_REQUIRE(!posts.empty());
        for (auto p = posts.rbegin(); p != posts.rend(); ++p) {
            BOOST_TEST_REQUIRE(p->at("id").as_int64() == --oldest);
        }
        more = page.at("more").as_bool();
        BOOST_TEST_REQUIRE(more == (oldest > 1));
        if (more) {
            before = "&before=" + std::to_string(page.at("before").as_int64());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_large_post_reaches_everybody_who_waits_for_it)
{
    chat s;
    fcgi_peer peer(s.socket());
    fastcgi_test::conversation many;
    for (fastcgi::request_id id = 1; id <= 100; ++id) {
        const auto body = poll_call(id % 2 == 0 ? ann : bob, R"({"1":0})").body;
        many.request(id, parameters("POST", "/", body), body);
    }
    peer.send(many);
    s.until_parked(100);
    s.sql(insert_post(1, 2, std::string(longest_post, '\x01')));
    for (fastcgi::request_id id = 1; id <= 100; ++id) {
        const auto a = peer.answer_of(id);
        BOOST_TEST_REQUIRE(a.size() > 6 * longest_post);
    }
}

BOOST_AUTO_TEST_CASE(peers_that_stop_reading_give_their_room_back)
{
    chat s(narrow("1"));
    fill(s, 60, 1);
    std::deque<fcgi_peer> deaf;
    for (int i = 0; i < 8; ++i) {
        deaf.emplace_back(s.socket());
        deaf.back().send(large_poll(i % 2 == 0 ? ann : bob, 60));
    }
    eventually("somebody waits", [&] { return waiting(s) > 0; });
    const auto a = s.send(poll_call(ann, reader(60).asks()));
    BOOST_TEST(a.status == 200);
    BOOST_TEST(a.body.size() > 500'000u);
    // Before anything is read from them: looking for the end is reading.
    eventually("all of them are dropped", [&] {
        return s.metric(R"(pollster_limits_total{limit="send_timeout_seconds"})") == 8;
    });
    for (auto& peer : deaf) {
        BOOST_TEST(peer.closed_by_server());
    }
    BOOST_TEST(s.metric(R"(pollster_limits_total{limit="max_answer_bytes"})") > 0);
    eventually("everything is given back", [&] { return s.metric("pollster_answer_bytes") == 0; });
}

BOOST_AUTO_TEST_CASE(peers_that_take_a_little_now_and_then_do_not_keep_others_waiting)
{
    chat s(narrow("1"));
    fill(s, 60, 1);
    std::deque<slow_peer> slow;
    for (int i = 0; i < 4; ++i) {
        slow.emplace_back(s.socket());
        slow.back().send(large_poll(i % 2 == 0 ? ann : bob, 60).bytes());
    }
    eventually("somebody waits", [&] { return waiting(s) > 0; });
    hanging_call other(s, poll_call(ann, reader(60).asks()));
    eventually("the other is answered", [&] {
        for (auto& peer : slow) {
            peer.take(2000);
        }
        return other.answered();
    });
    BOOST_TEST(other.wait().status == 200);
}

BOOST_AUTO_TEST_CASE(a_stop_answers_those_who_wait_for_room)
{
    chat s(narrow("30"));
    fill(s, 60, 1);
    std::deque<fcgi_peer> deaf;
    for (int i = 0; i < 4; ++i) {
        deaf.emplace_back(s.socket());
        deaf.back().send(large_poll(i % 2 == 0 ? ann : bob, 60));
    }
    eventually("somebody waits", [&] { return waiting(s) > 0; });
    const auto before = waiting(s);
    hanging_call poll(s, poll_call(ann, reader(60).asks()));
    eventually("it waits, too", [&] { return waiting(s) > before; });
    s.pollster().signal(SIGTERM);
    BOOST_TEST(text_of(poll.wait()).starts_with(R"(200 {"walls":{},"retry_ms":)"));
    BOOST_TEST(s.pollster().wait().value_or(-1) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
