// The clock of the application host, and that of the database, are set while polls are parked.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

using namespace e2e;

namespace {

namespace fs = std::filesystem;

// What ends a poll here is a clock or a post, never its own time.
const settings long_polls{{"poll_seconds", "3600"}};

// Debian's libfaketime moves the time of day of a program, not its monotonic clock, which nothing
// on a real machine makes jump.
std::string libfaketime()
{
    for (const auto& folder : fs::directory_iterator("/usr/lib")) {
        const fs::path library = folder.path() / "faketime" / "libfaketimeMT.so.1";
        if (fs::exists(library)) {
            return library;
        }
    }
    throw std::runtime_error("libfaketime is not installed");
}

class faked_clock {
public:
    explicit faked_clock(fs::path file)
        : file_(std::move(file))
    {
        set("+0");
    }
    std::vector<std::string> environment() const
    {
        return {"LD_PRELOAD=" + libfaketime(), "FAKETIME_TIMESTAMP_FILE=" + file_.string(),
                "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"};
    }
    // For all who read it at one moment, as a real clock: no reader keeps what it read, none meets
    // a file half written.
    void set(const std::string& offset) const
    {
        const fs::path next = file_.string() + ".next";
        std::ofstream(next) << offset << '\n';
        // PostgreSQL runs as another user.
        fs::permissions(next, fs::perms::group_read | fs::perms::others_read,
                        fs::perm_options::add);
        fs::rename(next, file_);
    }

private:
    fs::path file_;
};

// A PostgreSQL whose time of day follows a file.
class postgres_with_clock {
public:
    postgres_with_clock()
        : folder_(make_folder())
        , clock(folder_ / "clock")
    {
        for (const auto& variable : clock.environment()) {
            const auto equals = variable.find('=');
            ::setenv(variable.substr(0, equals).c_str(), variable.substr(equals + 1).c_str(), 1);
        }
        own.emplace();
        for (const auto& variable : clock.environment()) {
            ::unsetenv(variable.substr(0, variable.find('=')).c_str());
        }
    }
    ~postgres_with_clock()
    {
        own.reset();
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    postgres_with_clock(const postgres_with_clock&) = delete;
    postgres_with_clock& operator=(const postgres_with_clock&) = delete;

private:
    static fs::path make_folder()
    {
        std::string pattern = fs::temp_directory_path() / "pollster-clock-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("mkdtemp");
        }
        using enum fs::perms;
        fs::permissions(pattern, group_read | group_exec | others_read | others_exec,
                        fs::perm_options::add);
        return pattern;
    }
    const fs::path folder_;

public:
    const faked_clock clock;
    std::optional<private_postgres> own;
};

int count(const std::string& text, const std::string& what)
{
    int n = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        ++n;
    }
    return n;
}

} // namespace

BOOST_AUTO_TEST_SUITE(clocks_)

BOOST_AUTO_TEST_CASE(the_time_of_day_of_this_host_ends_no_session_and_keeps_none_alive)
{
    chat s(long_polls);
    const faked_clock clock(s.folder() / "clock");
    s.stop_pollster();
    s.adopt(std::make_unique<process>(
        s.pollster_command(),
        process::options{s.folder() / "pollster.log", -1, clock.environment()}));
    eventually("pollster answers", [&] { return s.send({}).status == 200; });
    const call who = signed_by(ann, {"GET", "/session", {}, {}});
    BOOST_TEST(s.send(who).status == 200);

    int times = 0;
    for (const std::string offset : {"+3456000", "-3456000"}) { // 40 days
        hanging_call parked(s, poll_call(bob, R"({"1":)" + std::to_string(times) + "}"));
        s.until_parked(1);
        clock.set(offset);
        ++times;
        eventually("the log tells it",
                   [&] { return count(s.log(), "the clock of this host was set by ") == times; });
        BOOST_TEST(s.send(who).status == 200);
        BOOST_TEST(!parked.answered());
        BOOST_TEST(s.send(say_call(ann, 1, "hello")).status == 201);
        BOOST_TEST(parked.wait().status == 200);
    }
    BOOST_TEST(s.metric("pollster_clock_set_total{clock=\"host\"}") == 2);
    // A session that ends meanwhile ends.
    s.sql(
        "update pollster.sessions set expires_at = now() + interval '1 second' where user_id = 1");
    hanging_call ending(s, poll_call(ann, R"({"1":2})"));
    BOOST_TEST(text_of(ending.wait()).find("Invalid user!") != std::string::npos);
    BOOST_TEST(s.send(who).status == 401);
}

// Sessions end by the database's clock. Set ahead it ends those that are over by then, and set
// right again they go on: what had run out is not removed for a day. Posts come in their order all
// the while.
BOOST_AUTO_TEST_CASE(by_the_clock_of_the_database_sessions_end_and_go_on)
{
    postgres_with_clock postgres;
    chat s(long_polls, &*postgres.own);
    s.sql("update pollster.sessions set expires_at = now() + interval '1 year' where user_id = 2");
    const call of_ann = signed_by(ann, {"GET", "/session", {}, {}}); // for a day
    const call of_bob = signed_by(bob, {"GET", "/session", {}, {}}); // for a year
    int posts = 0;
    int times = 0;
    const auto jump = [&](const std::string& offset) {
        const std::string behind = R"({"1":)" + std::to_string(posts) + "}";
        hanging_call parked(s, poll_call(bob, behind));
        s.until_parked(1);
        postgres.clock.set(offset);
        ++times;
        eventually("the log tells it", [&] {
            return count(s.log(), "the clock of the database was set by ") == times;
        });
        BOOST_TEST(!parked.answered());
        BOOST_TEST(s.send(of_bob).status == 200);
        BOOST_TEST(s.send(say_call(bob, 1, "hello")).status == 201);
        ++posts;
        BOOST_TEST(entries_of(parked.wait()) == "1:" + std::to_string(posts));
    };

    BOOST_TEST(s.send(of_ann).status == 200);
    hanging_call ends(s, poll_call(ann, R"({"2":0})"));
    s.until_parked(1);
    postgres.clock.set("+3456000"); // 40 days
    BOOST_TEST(text_of(ends.wait()).find("Invalid user!") != std::string::npos);
    times = count(s.log(), "the clock of the database was set by ");
    BOOST_TEST(times == 1);
    BOOST_TEST(s.send(of_ann).status == 401);
    jump("+0");
    BOOST_TEST(s.send(of_ann).status == 200);
    jump("-3456000");
    BOOST_TEST(s.send(of_ann).status == 200);
    jump("+0");
    BOOST_TEST(s.send(of_ann).status == 200);
    BOOST_TEST(s.metric("pollster_clock_set_total{clock=\"database\"}") == 4);
}

BOOST_AUTO_TEST_SUITE_END()
