#include "tests/e2e/chat.hpp"

#include <boost/test/results_collector.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>

namespace e2e {

namespace {

// The cheapest bcrypt, so that no test waits because of a password.
constexpr const char* people = R"(
    insert into pollster.users (id, name, password_hash) values
        (1, 'ann', pollster.bcrypt('ann secret', '$2a$04$abcdefghijklmnopqrstuu')), (2, 'bob', null), (3, 'cleo', null);
    alter table pollster_default.users alter id restart with 100;
    insert into pollster.walls (id, name) values (1, 'General'), (2, 'Workshop'), (3, 'Empty');
    insert into pollster.memberships (user_id, wall_id) values (1, 1), (2, 1), (3, 1), (1, 2), (2, 2);
    insert into pollster.sessions (token_hash, user_id, created_at, expires_at)
        select sha256(convert_to(repeat(letter, 43), 'UTF8')), n, now(), now() + interval '1 day'
        from unnest('{a,b,c}'::text[]) with ordinality as u(letter, n))";

bool test_failed()
{
    using namespace boost::unit_test;
    return !results_collector.results(framework::current_test_case().p_id).passed();
}

} // namespace

const std::string ann(43, 'a'), bob(43, 'b'), cleo(43, 'c');

call post_form(std::string body, std::string path)
{
    return {"POST", std::move(path), std::move(body), form_header};
}

call post_json(std::string body, std::string path)
{
    return {"POST", std::move(path), std::move(body), {{"Content-Type", "application/json"}}};
}

call with(call c, std::string name, std::string value)
{
    c.headers.emplace_back(std::move(name), std::move(value));
    return c;
}

call signed_by(const std::string& session, call c)
{
    return with(std::move(c), "Authorization", "Bearer " + session);
}

call poll_call(const std::string& session, const std::string& json_cursors)
{
    return post_json(R"({"session_id":")" + session + R"(","last_post_id":)" + json_cursors + "}");
}

call say_call(const std::string& session, int wall, const std::string& text,
              const std::string& client_key)
{
    boost::json::object body{{"body", text}};
    if (!client_key.empty()) {
        body["client_key"] = client_key;
    }
    return signed_by(session, post_json(boost::json::serialize(body),
                                        "/walls/" + std::to_string(wall) + "/posts"));
}

std::string insert_post(int wall, int user, const std::string& text)
{
    return "insert into pollster.posts (wall_id, user_id, body) values (" + std::to_string(wall) +
           ", " + std::to_string(user) + ", '" + text + "')";
}

std::string text_of(const reply& r)
{
    return std::to_string(r.status) + " " + r.body;
}

std::string entries_of(const reply& r)
{
    if (r.status != 200) {
        return text_of(r);
    }
    std::string out;
    const auto answered = r.json();
    for (const auto& [wall, news] : answered.at("walls").as_object()) {
        out += (out.empty() ? "" : ",") + std::string(wall) + ":";
        const char* between = "";
        for (const auto& entry : news.at("posts").as_array()) {
            out += between + std::to_string(entry.at("id").as_int64());
            between = " ";
        }
    }
    return out;
}

chat::chat(const settings& s, private_postgres* postgres, int processes)
    : stack({.settings = s,
             .demo = false,
             .start = false,
             .processes = processes,
             .postgres = postgres})
{
    sql(people);
    start_pollster();
}

const settings no_look_in_time{{"refresh_ms", "60000"}, {"poll_seconds", "50"}};

settings with(settings s, const settings& more)
{
    for (const auto& [name, value] : more) {
        s[name] = value;
    }
    return s;
}

std::string access_of(const chat& s, const std::string& session)
{
    const auto list = s.send(signed_by(session, {"GET", "/walls", {}, {}}));
    return std::to_string(list.json().at("access").as_int64());
}

std::string chat::epoch_of(int wall) const
{
    return sql("select coalesce((h.epoch # (select epoch from pollster.heads where wall_id = " +
               std::to_string(wall) + "))::text, 'null') from pollster.history h");
}

chat::~chat()
{
    if (test_failed()) {
        BOOST_TEST_MESSAGE("pollster:\n" << log() << "nginx:\n" << nginx_log());
    }
}

std::string chat::owner_conninfo()
{
    return postgres().owner_conninfo(sql("select current_database()"));
}

void chat::until_parked(int polls) const
{
    eventually(std::to_string(polls) + " parked polls",
               [&] { return metric("pollster_parked_polls") == polls; });
}

int chat::stop_pollster()
{
    pollster().signal(SIGTERM);
    const auto code = pollster().wait();
    if (!code) {
        throw std::runtime_error("pollster did not stop");
    }
    return *code;
}

hanging_call::hanging_call(unsigned short port, const call& c)
    : client_(port)
{
    client_.send(c.method, "/api" + c.path, c.body, c.headers);
}

reply poll_until_news(const chat& s, hanging_call& parked, const call& again)
{
    auto r = parked.wait();
    eventually("the poll is answered with 200", [&] {
        if (r.status == 200) {
            return true;
        }
        BOOST_REQUIRE_EQUAL(r.status, 503);
        r = s.send(again);
        return false;
    });
    return r;
}

reply say_until_heard(const chat& s, const std::string& text)
{
    reply r;
    eventually("the post is acknowledged", [&] {
        r = s.send(say_call(bob, 1, text, "key-" + text));
        return r.status == 200 || r.status == 201;
    });
    return r;
}

} // namespace e2e
