// The database runs out of something: room on the disk, time, connections. Clients that cannot be
// served are told so at once, the others are served, and nobody restarts the server.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>
#include <libpq-fe.h>

#include <sys/mount.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <vector>

using namespace e2e;

namespace {

// Text that no compression makes shorter.
std::string random_text(int seed)
{
    std::minstd_rand random(static_cast<unsigned>(seed));
    std::string text(60'000, ' ');
    for (char& c : text) {
        c = static_cast<char>('!' + random() % 90);
    }
    return text;
}

// A small file system of its own; needs root. Gone with the object.
class small_disk {
public:
    small_disk()
    {
        std::string pattern = std::filesystem::temp_directory_path() / "pollster-disk-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr ||
            ::mount("tmpfs", pattern.c_str(), "tmpfs", 0, "size=160m,mode=0777") != 0) {
            throw std::runtime_error("cannot mount a tmpfs; this test needs root");
        }
        folder_ = pattern;
    }
    ~small_disk()
    {
        ::umount2(folder_.c_str(), MNT_DETACH);
        std::error_code ignored;
        std::filesystem::remove(folder_, ignored);
    }
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;

    const std::filesystem::path& folder() const { return folder_; }
    void fill() const
    {
        std::ofstream file(folder_ / "ballast", std::ios::binary);
        const std::string block(4096, 'x');
        while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
        }
    }
    void empty() const { std::filesystem::remove(folder_ / "ballast"); }

private:
    std::filesystem::path folder_;
};

// Another session's lock, for which every post and change waits until it is released; reads do not.
class writers_held {
public:
    explicit writers_held(chat& s)
        : session_(PQconnectdb(s.owner_conninfo().c_str()), &PQfinish)
    {
        PQclear(
            PQexec(session_.get(), "begin; lock table pollster_default.posts in exclusive mode"));
    }
    void release() { PQclear(PQexec(session_.get(), "commit")); }

private:
    std::unique_ptr<PGconn, decltype(&PQfinish)> session_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(database_limits_)

// The file system is the kernel's answer, not a stand-in: a tmpfs of its own is filled to the last
// byte.
BOOST_AUTO_TEST_CASE(a_full_disk_is_a_503_for_writers_and_nothing_for_readers)
{
    small_disk disk;
    private_postgres cramped(
        {"max_wal_size=64MB", "min_wal_size=32MB", "fsync=on", "restart_after_crash=on"},
        disk.folder());
    chat full({}, &cramped);
    BOOST_TEST(full.send(say_call(bob, 1, "before", "k0")).status == 201);
    const call poll = poll_call(ann, R"({"1":1})");
    hanging_call parked(full, poll);
    full.until_parked(1);
    disk.fill();
    // PostgreSQL needs no new block for the first ones.
    std::vector<std::string> acknowledged{"k0"};
    int n = 1;
    reply r;
    eventually("a post is refused", [&] {
        const auto key = "k" + std::to_string(n++);
        r = full.send(say_call(bob, 2, random_text(n), key));
        if (r.status == 201) {
            acknowledged.push_back(key);
            return false;
        }
        return true;
    });
    BOOST_TEST(r.status == 503);
    BOOST_TEST(r.header("Retry-After") != "");
    BOOST_TEST(!parked.answered());
    disk.empty();
    eventually("posts are taken again", [&] {
        const auto again = full.send(say_call(bob, 1, "after", "after"));
        return again.status == 201 || again.status == 200;
    });
    BOOST_TEST(entries_of(poll_until_news(full, parked, poll)) == "1:2");
    BOOST_TEST(full.sql("select count(*) from pollster.entries where wall_id = 2") ==
               std::to_string(acknowledged.size() - 1));
}

BOOST_AUTO_TEST_CASE(a_hanging_statement_is_a_503_and_its_parked_neighbours_stay)
{
    chat hasty(settings{{"statement_timeout_ms", "4000"}});
    hanging_call parked(hasty, poll_call(ann, R"({"1":0})"));
    hasty.until_parked(1);
    writers_held writers(hasty);
    const auto refused = hasty.send(say_call(bob, 1, "x", "k"));
    BOOST_TEST(refused.status == 503);
    BOOST_TEST(refused.header("Retry-After") != "");
    BOOST_TEST(!parked.answered());
    writers.release();
    eventually("the same post is taken", [&] { // 201: the first left nothing
        const int status = hasty.send(say_call(bob, 1, "x", "k")).status;
        BOOST_TEST((status == 201 || status == 503));
        return status == 201;
    });
    BOOST_TEST(entries_of(parked.wait()) == "1:1");
}

BOOST_AUTO_TEST_CASE(a_stop_does_not_wait_for_a_hanging_statement)
{
    chat s(settings{{"stop_timeout_seconds", "1"}, {"statement_timeout_ms", "3600000"}});
    writers_held writers(s);
    hanging_call refused(s, say_call(bob, 1, "x", "k"));
    eventually("the post waits for the lock",
               [&] { return s.sql("select count(*) from pg_locks where not granted") == "1"; });
    BOOST_TEST(s.stop_pollster() == 0);
    BOOST_TEST(s.log().find("stopped before all requests") != std::string::npos);
    writers.release();
}

// The connection for posts, and the one for changes, hang behind a lock until it is released; two
// calls may wait for each. Everything else has connections of its own. Whatever waited, too, would
// wait for an hour.
BOOST_AUTO_TEST_CASE(more_calls_than_may_wait_for_a_connection_are_refused_at_once)
{
    chat s(settings{{"database_connections", "1"},
                    {"database_waiting_jobs", "2"},
                    {"statement_timeout_ms", "3600000"}});
    hanging_call first(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    BOOST_TEST(s.send(say_call(bob, 1, "before")).status == 201);
    BOOST_TEST(entries_of(first.wait()) == "1:1");
    hanging_call parked(s, poll_call(ann, R"({"1":1})"));
    s.until_parked(1);

    writers_held writers(s);
    const auto hang = [&](int n) {
        eventually("the connection hangs", [&] {
            return s.sql("select count(*) from pg_locks where not granted") == std::to_string(n);
        });
    };
    hanging_call post(s, say_call(bob, 1, "x", "k"));
    hang(1);
    hanging_call elsewhere(s, say_call(ann, 2, "y"));
    const call removal = signed_by(bob, {"DELETE", "/walls/1/posts/1", {}, {}});
    hanging_call removed(s, removal);
    hang(2);
    hanging_call again(s, removal);
    hanging_call once_more(s, removal);
    eventually("two changes and a post wait", [&] {
        return s.metric("pollster_sql_waiting") == 2 && s.metric("pollster_posts_under_way") == 2;
    });

    for (const auto& c : {say_call(bob, 1, "z"), removal}) {
        const auto r = s.send(c);
        BOOST_TEST(r.status == 503, c.method);
        BOOST_TEST(r.header("Retry-After") != "");
    }
    BOOST_TEST(s.send({}).status == 200);
    BOOST_TEST(s.send(signed_by(ann, {"GET", "/walls", {}, {}})).status == 200);
    BOOST_TEST(s.send(signed_by(bob, {"GET", "/walls/1/posts", {}, {}})).status == 200);
    BOOST_TEST(s.send(post_form("name=ann&password=ann+secret", "/session")).status == 201);
    BOOST_TEST(entries_of(s.send(poll_call(cleo, R"({"1":0})"))) == "1:1"); // a new session
    hanging_call parked_now(s, poll_call(bob, R"({"1":1})"));
    s.until_parked(2);
    for (auto* waiting : {&parked, &post, &elsewhere, &removed, &again, &once_more}) {
        BOOST_TEST(!waiting->answered());
    }

    writers.release();
    BOOST_TEST(post.wait().status == 201);
    BOOST_TEST(elsewhere.wait().status == 201);
    for (auto* change : {&removed, &again, &once_more}) {
        BOOST_TEST(change->wait().status == 200);
    }
    BOOST_TEST(parked.wait().status == 200);
    BOOST_TEST(parked_now.wait().status == 200);
    BOOST_TEST(s.send(say_call(bob, 1, "z")).status == 201);
    BOOST_TEST(s.metric("pollster_sql_waiting") == 0);
    BOOST_TEST(s.metric("pollster_database_refusals_total") == 2);
}

BOOST_AUTO_TEST_SUITE_END()
