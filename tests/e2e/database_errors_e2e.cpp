// The database goes away in every way it can, and comes back: nothing acknowledged is lost, nothing
// is doubled, and nobody restarts the server.
#include "tests/e2e/chat.hpp"
#include "text/number.hpp"

#include <boost/test/unit_test.hpp>

#include <climits>
#include <vector>

using namespace e2e;

namespace {

struct with_own_database {
    private_postgres postgres;
    chat s{{{"cors_origins", "https://shop.example"}}, &postgres};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(database_errors_, with_own_database)

BOOST_AUTO_TEST_CASE(while_it_is_away_calls_get_503_and_parked_polls_wait)
{
    hanging_call parked(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    postgres.crash();
    const call calls[] = {say_call(ann, 1, "x"), signed_by(ann, {"GET", "/walls", {}, {}}),
                          signed_by(ann, {"GET", "/walls/1/posts", {}, {}}),
                          post_form("name=ann&password=ann+secret", "/session"),
                          poll_call(bob, R"({"1":0})")};
    for (const auto& c : calls) {
        const auto r = s.send(with(c, "Origin", "https://shop.example"));
        BOOST_TEST_CONTEXT(c.method << " " << c.path)
        {
            BOOST_TEST(r.status == 503);
            BOOST_TEST(r.json().at("errors").as_array().size() == 1u);
            const int seconds =
                text::parse_number<int>(r.header("Retry-After"), 0, INT_MAX).value_or(0);
            BOOST_TEST((seconds >= 1 && seconds <= 5));
            BOOST_TEST(r.header("Access-Control-Allow-Origin") == "https://shop.example");
        }
    }
    BOOST_TEST(s.send({}).status == 200); // the ping needs no database
    BOOST_TEST(!parked.answered());
    BOOST_TEST(s.metric("pollster_parked_polls") == 1);
}

BOOST_AUTO_TEST_CASE(what_was_written_while_the_server_could_not_look_is_delivered)
{
    const call poll = poll_call(ann, R"({"1":0})");
    hanging_call parked(s, poll);
    s.until_parked(1);
    postgres.crash();
    BOOST_TEST(s.send(say_call(bob, 1, "too early")).status == 503);
    postgres.start();
    s.sql(insert_post(1, 3, "by another writer"));
    BOOST_TEST(entries_of(poll_until_news(s, parked, poll)) == "1:1");
}

BOOST_AUTO_TEST_CASE(cut_connections_are_made_again_without_anybody_noticing)
{
    const call poll = poll_call(ann, R"({"1":0})");
    hanging_call parked(s, poll);
    s.until_parked(1);
    s.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = "
          "current_database() and pid <> pg_backend_pid()");
    BOOST_TEST(say_until_heard(s, "hello").json().at("post").at("id").as_int64() == 1);
    BOOST_TEST(entries_of(poll_until_news(s, parked, poll)) == "1:1");
}

BOOST_AUTO_TEST_CASE(a_conversation_across_two_crashes_loses_and_doubles_nothing)
{
    std::vector<std::string> said;
    for (int i = 0; i < 30; ++i) {
        if (i == 10 || i == 20) {
            postgres.crash();
            BOOST_TEST(
                s.send(say_call(bob, 1, std::to_string(i), "key-" + std::to_string(i))).status ==
                503);
            postgres.start();
        }
        const auto entry = say_until_heard(s, std::to_string(i)).json().at("post");
        BOOST_TEST(entry.at("id").as_int64() == i + 1); // each once, in order
        said.push_back(std::to_string(i));
    }
    std::vector<std::string> read;
    const auto news = s.send(poll_call(ann, R"({"1":0})")).json();
    for (const auto& entry : news.at("walls").at("1").at("posts").as_array()) {
        read.emplace_back(entry.at("body").as_string());
    }
    BOOST_TEST(read == said, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(access_that_was_taken_while_the_server_could_not_look_is_gone)
{
    hanging_call parked(s, poll_call(cleo, R"({"1":0})"));
    s.until_parked(1);
    postgres.crash();
    BOOST_TEST(s.send(say_call(bob, 1, "x")).status == 503); // it has noticed
    postgres.start();
    s.sql("delete from pollster.memberships where user_id = 3; " +
          insert_post(1, 1, "not for cleo any more"));
    const auto r = parked.wait();
    BOOST_TEST((r.status == 400 || r.status == 503), text_of(r));
    BOOST_TEST(r.body.find("not for cleo") == std::string::npos);
    eventually("cleo is refused", [&] {
        return text_of(s.send(poll_call(cleo, R"({"1":0})"))) ==
               R"(400 {"errors":["Invalid parameters!"]})";
    });
}

BOOST_AUTO_TEST_CASE(a_primary_that_became_read_only_refuses_writers_until_it_is_writable)
{
    const call poll = poll_call(ann, R"({"1":0})");
    hanging_call parked(s, poll);
    s.until_parked(1);
    const std::string database = s.sql("select current_database()");
    const auto turn = [&](const std::string& mode) {
        s.sql("begin read write; alter database " + database +
              " set default_transaction_read_only = " + mode + "; commit");
        s.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = "
              "current_database() and application_name like 'pollster%'");
    };
    turn("on");
    const auto refused = s.send(say_call(bob, 1, "x", "k"));
    BOOST_TEST(refused.status == 503);
    BOOST_TEST(s.send(signed_by(ann, {"GET", "/walls", {}, {}})).status == 200); // reads go on
    BOOST_TEST(!parked.answered());
    turn("off");
    BOOST_TEST(say_until_heard(s, "again").json().at("post").at("id").as_int64() == 1);
    BOOST_TEST(entries_of(poll_until_news(s, parked, poll)) == "1:1");
}

BOOST_AUTO_TEST_CASE(a_schema_that_is_broken_under_a_running_server_is_a_503_until_it_is_mended)
{
    struct damage {
        std::string done;
        std::string undone;
        bool blinds; // the look, too
    };
    const damage damages[] = {
        {"alter function pollster.append_entries rename to away",
         "alter function pollster.away rename to append_entries", false},
        {"alter table pollster.heads rename to away", "alter table pollster.away rename to heads",
         true},
        {"alter schema pollster rename to away", "alter schema away rename to pollster", true}};
    const std::string advice = "the schema is not what this program needs, run `pollster migrate`:";
    int newest = 0;
    for (const auto& d : damages) {
        BOOST_TEST_CONTEXT(d.done)
        {
            const call poll = poll_call(ann, R"({"1":)" + std::to_string(newest) + "}");
            hanging_call parked(s, poll);
            s.until_parked(1);
            const auto logged = s.log().size();
            s.sql(d.done);
            const auto refused = s.send(say_call(bob, 1, "x", "k" + std::to_string(newest)));
            BOOST_TEST(refused.status == 503);
            BOOST_TEST(refused.header("Retry-After") != "");
            if (d.blinds) {
                eventually("the looks fail", [&] {
                    return s.log().find("has to be mended, parked polls wait: " + advice, logged) !=
                           std::string::npos;
                });
                // Once the last good look is too old.
                eventually("a new poll is refused",
                           [&] { return s.send(poll_call(bob, R"({"1":0})")).status == 503; });
            }
            BOOST_TEST(s.log().find("answering 503: " + advice, logged) != std::string::npos);
            BOOST_TEST(!parked.answered());
            s.sql(d.undone);
            const auto entry = say_until_heard(s, std::to_string(newest)).json().at("post");
            BOOST_TEST(entry.at("id").as_int64() == newest + 1);
            BOOST_TEST(entries_of(parked.wait()) == "1:" + std::to_string(newest + 1));
            ++newest;
        }
    }
}

BOOST_AUTO_TEST_CASE(a_schema_that_becomes_newer_is_noticed_and_changes_nothing)
{
    hanging_call parked(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    BOOST_TEST(s.metric("pollster_schema_newer") == 0);
    BOOST_TEST(s.log().find("another schema") == std::string::npos);
    s.sql("insert into pollster.schema_migrations (number, name, checksum) "
          "select max(number) + 2, 'of the next version', '' from pollster.schema_migrations");
    const auto cut = [&] {
        s.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = "
              "current_database() and application_name like 'pollster%'");
    };
    cut();
    eventually("it is noticed", [&] { return s.metric("pollster_schema_newer") == 2; });
    BOOST_TEST(!parked.answered());
    BOOST_TEST(say_until_heard(s, "hello").json().at("post").at("id").as_int64() == 1);
    BOOST_TEST(entries_of(parked.wait()) == "1:1");
    cut(); // and said once
    hanging_call again(s, poll_call(ann, R"({"1":1})"));
    s.until_parked(1);
    BOOST_TEST(say_until_heard(s, "again").json().at("post").at("id").as_int64() == 2);
    BOOST_TEST(entries_of(again.wait()) == "1:2");
    const std::string line = "running on with another schema: The database has schema version ";
    const auto said = s.log().find(line);
    BOOST_TEST_REQUIRE(said != std::string::npos);
    BOOST_TEST(s.log().find(line, said + 1) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_promoted_standby_takes_over_and_readers_go_on_where_they_were)
{
    private_postgres primary({"wal_level=replica", "max_wal_senders=4"});
    primary.migrated_database(); // t1
    private_postgres standby(private_postgres::standby_of{}, primary);
    // The stack's own database is t2, which the standby gets by streaming.
    chat moving(
        {{"database", "host=" + primary.folder().string() + "," + standby.folder().string() +
                          " user=pollster dbname=t2 target_session_attrs=read-write"}},
        &primary);
    BOOST_TEST(moving.sql("select current_database()") == "t2");
    BOOST_TEST(moving.send(say_call(bob, 1, "one", "k1")).status == 201);
    const call poll = poll_call(ann, R"({"1":1})");
    hanging_call parked(moving, poll);
    moving.until_parked(1);
    eventually("the standby has it", [&] {
        return standby.sql("postgres", "select pg_last_wal_replay_lsn() >= '" +
                                           primary.sql("postgres", "select pg_current_wal_lsn()") +
                                           "'") == "t";
    });
    primary.crash();
    BOOST_TEST(moving.send(say_call(bob, 1, "two", "k2")).status == 503);
    BOOST_TEST(!parked.answered());
    standby.sql("postgres", "select pg_promote()");
    reply r;
    eventually("the post is acknowledged", [&] {
        r = moving.send(say_call(bob, 1, "two", "k2"));
        return r.status == 201;
    });
    BOOST_TEST(r.json().at("post").at("id").as_int64() == 2);
    BOOST_TEST(moving.send(say_call(bob, 1, "one", "k1")).status == 200); // the key moved, too
    BOOST_TEST(entries_of(poll_until_news(moving, parked, poll)) == "1:2");
}

BOOST_AUTO_TEST_SUITE_END()
