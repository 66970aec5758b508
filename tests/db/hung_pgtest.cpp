// PostgreSQL processes that stop answering, as on a host that hangs: PostgreSQL's own timeouts do
// not work then. Each purpose has its own connections, so the others go on; the hanging one is
// given up at its deadline and the next call opens another.
#include "db/listener.hpp"
#include "tests/db/database_fixture.hpp"
#include "tests/db/stopped_backends.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <csignal>
#include <functional>
#include <mutex>
#include <thread>

namespace {

using namespace std::chrono_literals;
using walls::db_error_kind;

struct hung_fixture : database_fixture {
    using question = std::function<std::optional<walls::db_error>(db::database&)>;
    struct purpose {
        std::string name;
        question ask;
    };

    std::mutex mutex;
    std::vector<std::string> lines;
    std::string token = token_of(1);
    int posted = 0;

    hung_fixture()
    {
        settings.connections = 1;
        settings.statement_timeout = 6s; // so long no machine stands still
        settings.warn = [this](const std::string& line) {
            const std::lock_guard lock(mutex);
            lines.push_back(line);
        };
        database = std::make_unique<db::database>(settings);
    }

    template <class T>
    static std::optional<walls::db_error> error_of(const walls::result<T>& r)
    {
        return r ? std::nullopt : std::optional(r.error());
    }
    template <class T>
    static std::optional<walls::db_error> error_of(const db::answer<T>& a)
    {
        return db::error_of(a);
    }

    std::vector<purpose> purposes()
    {
        const walls::wall_id wall{1};
        return {
            {"look", [](db::database& s) { return error_of(s.feed().look({})); }},
            {"sessions",
             [this](db::database& s) {
                 return error_of(s.sessions().find_identities(std::vector{token}));
             }},
            {"posts",
             [=, this](db::database& s) {
                 return error_of(
                     s.posts().add_post({wall, reader(1), std::to_string(++posted), {}}));
             }},
            {"changes",
             [=, this](db::database& s) {
                 return error_of(s.posts().change_post(
                     {wall, reader(1), walls::post_id{1}, std::to_string(++posted)}));
             }},
            {"reads", [this](db::database& s) { return error_of(s.posts().walls_of(reader(1))); }},
            {"sign-ins",
             [=, this](db::database& s) {
                 return error_of(s.posts().mark_read(reader(1), wall, walls::entry_id{1}));
             }},
        };
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(hung_, hung_fixture)

BOOST_AUTO_TEST_CASE(each_purpose_is_given_up_by_itself_while_the_others_go_on)
{
    const auto all = purposes();
    for (const auto& p : all) {
        BOOST_REQUIRE(!p.ask(*database));
    }
    std::uint64_t given_up = 0;
    for (const auto& hangs : all) {
        BOOST_TEST_CONTEXT(hangs.name)
        {
            const stopped_backends processes(*this, hangs.name);
            // Where there are two connections, the one that was not used yet may be taken.
            std::atomic<bool> over{false};
            std::optional<walls::db_error> error;
            std::thread caller([&] {
                for (int i = 0; i < 20 && !error; ++i) {
                    error = hangs.ask(*database);
                }
                over = true;
            });
            int rounds = 0;
            while (!over) {
                for (const auto& other : all) {
                    if (other.name != hangs.name) {
                        const auto failed = other.ask(*database);
                        BOOST_TEST(!failed, other.name << ": " << (failed ? failed->why : ""));
                    }
                }
                ++rounds;
            }
            caller.join();
            BOOST_TEST(rounds > 1);
            BOOST_TEST_REQUIRE(error.has_value());
            BOOST_TEST((error->kind == db_error_kind::timed_out), error->why);
            BOOST_TEST(database->count().given_up == ++given_up);
            BOOST_TEST(lines.size() == given_up);
            BOOST_TEST(lines.back().starts_with("a connection was given up: no answer"));
            BOOST_TEST(!hangs.ask(*database)); // by another connection, while the first still hangs
        }
    }
}

BOOST_AUTO_TEST_CASE(the_entries_of_a_look_come_by_the_look_while_all_reads_hang)
{
    BOOST_REQUIRE(!purposes()[4].ask(*database));
    post(1, 1, "news");
    const stopped_backends reads(*this, "reads");
    const auto bob = reader(2);
    std::thread waits([&] { posts().walls_of(bob).has_value(); });
    const std::vector<walls::cursor> from{{walls::wall_id{1}, walls::entry_id{0}}};
    BOOST_TEST(feed().look({}).has_value());
    BOOST_TEST(feed().entries_after(from, 5).value().at(0).entries.size() == 1u);
    waits.join();
}

// With a statement timeout of an hour the deadline is no help: who stops does not wait for it.
BOOST_AUTO_TEST_CASE(who_stops_waits_for_no_process_that_hangs)
{
    settings.statement_timeout = 1h;
    database = std::make_unique<db::database>(settings);
    const auto all = purposes();
    std::vector<std::unique_ptr<stopped_backends>> processes;
    for (const auto& p : all) {
        BOOST_REQUIRE(!p.ask(*database));
        if (p.name == "reads" || p.name == "posts") {
            processes.push_back(std::make_unique<stopped_backends>(*this, p.name));
        }
    }
    const auto sent = database->count().statements;
    std::optional<walls::db_error> read;
    std::optional<walls::db_error> post;
    std::thread waits([&] { read = all[4].ask(*database); });
    std::thread poster([&] { post = all[2].ask(*database); });
    while (database->count().statements < sent + 2) {
        std::this_thread::yield();
    }
    database->give_up();
    waits.join();
    poster.join();
    BOOST_TEST((read && read->kind == db_error_kind::unavailable));
    BOOST_TEST((post && post->kind == db_error_kind::unavailable));
    BOOST_TEST(all[0].ask(*database).has_value()); // nothing is begun any more
    BOOST_TEST(database->count().given_up == 0u);
}

BOOST_AUTO_TEST_CASE(a_listener_whose_process_hangs_ends_when_it_is_told_to)
{
    std::atomic<bool> up{false};
    db::listener::events e;
    e.wall = [](walls::wall_id, int) {};
    e.access = [](walls::user_id) {};
    e.up = [&](bool now) { up = now; };
    auto listening = std::make_unique<db::listener>(settings, e);
    while (!up) {
        std::this_thread::sleep_for(1ms);
    }
    const stopped_backends processes(*this, "listener");
    listening.reset(); // says UNLISTEN to it
    BOOST_TEST(!up);
}

// The postmaster takes no more connections, which the kernel does not tell: libpq's own timeout
// counts, also where the operator's string says that there is none.
BOOST_AUTO_TEST_CASE(connecting_has_an_end_too)
{
    settings.database += " connect_timeout=0";
    const auto fresh = std::make_unique<db::database>(settings);
    BOOST_REQUIRE(::kill(pg.postmaster(), SIGSTOP) == 0);
    const auto answer = fresh->feed().look({});
    ::kill(pg.postmaster(), SIGCONT);
    BOOST_TEST(!answer);
}

BOOST_AUTO_TEST_SUITE_END()
