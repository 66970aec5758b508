// Users who lost a session or a wall a moment ago are refused at once, whatever the server
// remembers about them: no request sent after the commit reads or writes any more. Parked polls:
// revocation_e2e.
#include "tests/e2e/chat.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>

using namespace e2e;

namespace {

// A user with a session, alone on a wall with a post; each is asked for once.
struct somebody {
    int id = 0; // of user and wall
    std::string session;
    std::string post; // its id

    std::string wall() const { return "/walls/" + std::to_string(id); }
};

somebody one_more(const chat& s, int id)
{
    const std::string n = std::to_string(id);
    somebody who{id, std::string(43 - n.size(), 'x') + n, {}};
    s.sql("insert into pollster.users (id, name) values (" + n + ", 'user " + n +
          "'); insert into pollster.walls (id, name) values (" + n + ", 'wall " + n +
          "'); insert into pollster.memberships (user_id, wall_id) values (" + n + ", " + n +
          "); insert into pollster.sessions (token_hash, user_id, created_at, expires_at) values "
          "(sha256('" +
          who.session + "'), " + n + ", now(), now() + interval '1 day')");
    who.post = s.sql(insert_post(id, id, "before") + " returning id");
    return who;
}

struct request {
    std::string name;
    std::function<call(const somebody&)> of;
    bool of_wall = true; // else of the session alone
};

const std::vector<request>& requests()
{
    const auto signed_call = [](std::string method, std::string path, std::string body = {}) {
        return [=](const somebody& who) {
            const std::string wall =
                path.starts_with("/session") || path == "/walls" ? "" : who.wall();
            const std::string post = path == "/posts/" ? who.post : "";
            return signed_by(
                who.session,
                {method, wall + path + post, body, {{"Content-Type", "application/json"}}});
        };
    };
    static const std::vector<request> all{
        {"post", signed_call("POST", "/posts", R"({"body":"after"})")},
        {"post with a key", signed_call("POST", "/posts", R"({"body":"after","client_key":"k"})")},
        {"edit", signed_call("PATCH", "/posts/", R"({"body":"after"})")},
        {"delete", signed_call("DELETE", "/posts/")},
        {"mark as read", signed_call("PUT", "/read", R"({"id":1})")},
        {"history", signed_call("GET", "/posts")},
        {"search", signed_call("GET", "/posts?q=before")},
        {"list of walls", signed_call("GET", "/walls"), false},
        {"session", signed_call("GET", "/session"), false},
        {"sign out", signed_call("DELETE", "/session"), false},
    };
    return all;
}

struct revocation {
    std::string name;
    std::string sql; // with $ for the number
    bool of_session = true;
};

const std::vector<revocation> revocations{
    {"session deleted", "delete from pollster.sessions where user_id = $"},
    {"session ended", "update pollster.sessions set expires_at = now() where user_id = $"},
    {"user disabled", "update pollster.users set disabled = true where id = $"},
    {"user deleted", "delete from pollster.users where id = $"},
    {"membership deleted", "delete from pollster.memberships where user_id = $", false},
    {"wall deleted", "delete from pollster.walls where id = $", false},
};

void revoke(const chat& s, const revocation& r, const somebody& who)
{
    std::string text = r.sql;
    text.replace(text.find('$'), 1, std::to_string(who.id));
    s.sql(text);
}

// What a wall has, and what its only member has read of it.
std::string state_of(const chat& s, const somebody& who)
{
    const std::string n = std::to_string(who.id);
    return s.sql("select concat_ws(' ', (select string_agg(kind, ',' order by id) from "
                 "pollster.entries where wall_id = " +
                 n + "), (select string_agg(body, ',') from pollster.posts where wall_id = " + n +
                 "), (select count(*) from pollster.client_keys where wall_id = " + n +
                 "), (select max(entry_id) from pollster.read_marks where wall_id = " + n + "))");
}

} // namespace

BOOST_AUTO_TEST_SUITE(revoked_requests_)

// Without notifications the server cannot have heard of it. Failed before: users who were signed
// out could post, edit, delete and sign out again for up to a look, and GET /session knew them.
BOOST_DATA_TEST_CASE(what_is_asked_after_a_revocation_is_refused,
                     boost::unit_test::data::make({"on", "off"}), notify)
{
    chat s(settings{{"notify", notify}, {"rate_limits", "off"}});
    int id = 1000;
    for (const revocation& r : revocations) {
        for (const request& asked : requests()) {
            const auto what = r.name + ", then " + asked.name + ", notifications " + notify;
            const somebody who = one_more(s, ++id);
            // From here on the server remembers the session and its wall.
            BOOST_TEST(
                s.send(signed_by(who.session, {"GET", who.wall() + "/posts", {}, {}})).status ==
                    200,
                what);
            const auto before = state_of(s, who);
            revoke(s, r, who);
            const auto answer = s.send(asked.of(who));
            if (r.of_session) {
                BOOST_TEST(answer.status == 401, what << ": " << text_of(answer));
            } else if (asked.of_wall) {
                BOOST_TEST(answer.status == 403, what << ": " << text_of(answer));
            } else {
                BOOST_TEST(answer.status == 200, what << ": " << text_of(answer));
                BOOST_TEST(answer.body.find("wall " + std::to_string(id)) == std::string::npos,
                           what);
            }
            if (r.name != "user deleted" && r.name != "wall deleted") {
                BOOST_TEST(state_of(s, who) == before, what);
            } else {
                BOOST_TEST(s.sql("select count(*) from pollster.posts where body = 'after'") == "0",
                           what);
            }
        }
    }
}

// A replica may be behind. Whatever it has read of the primary's log, it has a revocation before
// what was committed after it.
BOOST_AUTO_TEST_CASE(no_replica_shows_what_was_committed_after_a_revocation)
{
    private_postgres primary({"wal_level=replica", "max_wal_senders=4"});
    primary.migrated_database(); // t1
    private_postgres standby(private_postgres::standby_of{}, primary);
    // The stack's own database is t2, which the standby gets by streaming. Without notifications a
    // replica that is behind is asked until the next look, which comes every second.
    chat s({{"database_read", standby.conninfo("t2")}, {"notify", "off"}, {"rate_limits", "off"}},
           &primary);
    BOOST_TEST(s.sql("select current_database()") == "t2");
    const auto has_all = [&] {
        return standby.sql("postgres", "select pg_last_wal_replay_lsn() >= '" +
                                           primary.sql("postgres", "select pg_current_wal_lsn()") +
                                           "'") == "t";
    };
    const auto is_asked = [&] {
        return standby.sql("postgres", "select count(*) from pg_stat_activity where "
                                       "application_name like 'pollster%' and query like "
                                       "'%pollster.access_of%'") != "0";
    };

    int id = 1000;
    for (const revocation& r : revocations) {
        for (const bool behind : {false, true}) {
            const auto what = r.name + (behind ? ", the replica is behind" : "");
            const somebody who = one_more(s, ++id);
            const auto read = [&](const std::string& path) {
                return s.send(signed_by(who.session, {"GET", path, {}, {}}));
            };
            eventually("the standby has " + what, has_all);
            const hanging_call looks(s, poll_call(ann, R"({"1":0})"));
            s.until_parked(1);
            eventually("the standby answers " + what,
                       [&] { return read(who.wall() + "/posts").status == 200 && is_asked(); });
            if (behind) {
                standby.sql("postgres", "select pg_wal_replay_pause()");
            }
            revoke(s, r, who);
            if (r.name != "user deleted" && r.name != "wall deleted") {
                s.sql(insert_post(id, id, "secret"));
            }
            for (const auto& path :
                 {who.wall() + "/posts", who.wall() + "/posts?q=secret", std::string("/walls")}) {
                const auto answer = read(path);
                for (const auto& told : {R"("body":"secret")", R"("newest":2)"}) {
                    BOOST_TEST(answer.body.find(told) == std::string::npos,
                               what << ": " << text_of(answer));
                }
            }
            const int refused = r.of_session ? 401 : 403;
            BOOST_TEST(s.send(say_call(who.session, id, "after")).status == refused, what);
            if (behind) {
                standby.sql("postgres", "select pg_wal_replay_resume()");
            }
            eventually("refused: " + what,
                       [&] { return read(who.wall() + "/posts").status == refused; });
        }
    }
    BOOST_TEST(s.sql("select count(*) from pollster.posts where body = 'after'") == "0");
}

BOOST_AUTO_TEST_SUITE_END()
