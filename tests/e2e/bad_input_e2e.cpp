// What polls, posts and sign-ins must refuse, and what they must not be hurt by.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

using namespace e2e;

namespace {

const std::string invalid_user = R"(400 {"errors":["Invalid user!"]})";
const std::string invalid_parameters = R"(400 {"errors":["Invalid parameters!"]})";
const std::string injection = "'); drop table pollster_default.posts; --";

// After each test: nothing failed inside (a 500), and no connection was given up.
struct unharmed : chat {
    void teardown()
    {
        BOOST_TEST(metric("pollster_failures_total") == 0);
        BOOST_TEST(metric("pollster_broken_connections_total") == 0);
        BOOST_TEST(send({}).status == 200);
    }
};

std::string nested(int depth)
{
    std::string out;
    for (int i = 0; i < depth; ++i) {
        out += R"({"a":[)";
    }
    out += '1';
    for (int i = 0; i < depth; ++i) {
        out += "]}";
    }
    return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(bad_input_, unharmed)

BOOST_AUTO_TEST_CASE(polls_in_form_that_are_refused)
{
    for (const std::string body :
         {"", "session_id=x&last_post_id[1]=0", "last_post_id[1]=0", "session_id=%00",
          "session_id=%ff%fe&last_post_id[1]=0", "=&=&&&", "session_id"}) {
        const auto r = send(post_form(body));
        BOOST_TEST(text_of(r) == invalid_user, body);
        BOOST_TEST(r.header("Set-Cookie").empty());
    }
    std::string too_many;
    for (int wall = 1; wall <= 10'000; ++wall) {
        too_many += "&last_post_id[" + std::to_string(wall) + "]=";
    }
    BOOST_REQUIRE(too_many.size() < 300'000);
    for (const auto& walls : std::vector<std::string>{
             "", "&last_post_id[-1]=0", "&last_post_id[0]=0",
             "&last_post_id[9223372036854775808]=0", "&last_post_id[x]=0", "&last_post_id[]=0",
             "&last_post_id[1]=-1", "&last_post_id[1]=9223372036854775808", "&last_post_id[1]=x",
             "&last_post_id[1]=", "&last_post_id[1]=0&last_post_id[1]=0", "&last_post_id[1]=%zz",
             "&last_post_id[1]=%", "&last_post_id[1]=0%00", "&last_post_id[999]=0",
             too_many.substr(0, 100'000)}) {
        BOOST_TEST(text_of(send(post_form("session_id=" + ann + walls))) == invalid_parameters,
                   walls.substr(0, 100));
    }
    BOOST_TEST(send(post_form("session_id=" + ann + too_many)).status == 413);
}

BOOST_AUTO_TEST_CASE(polls_in_json_that_are_refused)
{
    std::string too_many = "{";
    for (int wall = 1; wall <= 9'000; ++wall) {
        too_many += (wall == 1 ? "\"" : ",\"") + std::to_string(wall) + "\":0";
    }
    for (const auto& cursors : std::vector<std::string>{
             "{}", "[]", "7", "null", R"({"-1":0})", R"({"0":0})", R"({"9223372036854775808":0})",
             R"({"x":0})", R"({"1":-1})", R"({"1":9223372036854775808})", R"({"1":1.5})",
             R"({"1":1e3})", R"({"1":null})", R"({"1":[0]})", R"({"1":0,"1":0})",
             R"({"1":"0\u0000"})", R"({"999":0})", too_many + "}"}) {
        BOOST_TEST(text_of(send(poll_call(ann, cursors))) == invalid_parameters,
                   cursors.substr(0, 100));
    }
    // With the session in a header, so that the body alone is at fault.
    for (const auto& body : std::vector<std::string>{
             "", "{", "nonsense", "[1]", R"({"last_post_id":{"1":0})",
             R"({"last_post_id":{"1":0}} x)", "{\"last_post_id\":{\"1\":0},\"\xc3\x28\":1}",
             nested(10'000), R"({"last_post_id":)" + nested(10'000) + "}", R"({"a":"\ud800"})",
             std::string(2, '\0')}) {
        const auto r = send(signed_by(ann, post_json(body)));
        BOOST_TEST(text_of(r) == invalid_parameters, body.substr(0, 100));
    }
}

BOOST_AUTO_TEST_CASE(posts_that_cannot_be_kept_are_refused)
{
    const auto status = [this](const std::string& body) {
        return send(signed_by(ann, post_json(body, "/walls/1/posts"))).status;
    };
    const auto say = [this](const std::string& text, const std::string& key = {}) {
        return send(say_call(ann, 1, text, key)).status;
    };
    BOOST_TEST(say("") == 422);
    BOOST_TEST(say(std::string(65'536, 'x')) == 201);
    BOOST_TEST(say(std::string(65'537, 'x')) == 413);
    BOOST_TEST(say(std::string("a\0b", 3)) == 422);
    BOOST_TEST(say("x", std::string(65, 'k')) == 422);
    BOOST_TEST(say("x", "a key") == 422);
    BOOST_TEST(status("{\"body\":\"\xc3\x28\"}") == 400);
    BOOST_TEST(status(R"({"body":"\ud800"})") == 400);
    BOOST_TEST(status(R"({"body":7})") == 422);
    BOOST_TEST(status(R"({"text":"x"})") == 422);
    BOOST_TEST(status(R"({"body":"x","client_key":7})") == 422);
    BOOST_TEST(status("[]") == 400);
    BOOST_TEST(status("") == 400);
    BOOST_TEST(status(nested(10'000)) == 400);
    BOOST_TEST(send(signed_by(ann, post_form("body=x", "/walls/1/posts"))).status == 415);
    BOOST_TEST(send(say_call(ann, 3, "x")).status == 403);
    BOOST_TEST(send(say_call("nobody", 1, "x")).status == 401);
    for (const std::string wall : {"-1", "0", "x", "9223372036854775808", "1%00", "1/2", ""}) {
        BOOST_TEST(send(signed_by(ann, post_json(R"({"body":"x"})", "/walls/" + wall + "/posts")))
                           .status >= 400,
                   wall);
    }
}

BOOST_AUTO_TEST_CASE(sign_ins_that_are_malformed_are_refused)
{
    for (const auto& body : std::vector<std::string>{
             "", "{}", "[]", R"({"name":"ann"})", R"({"name":"ann","password":7})",
             R"({"name":"ann\u0000","password":"ann secret"})",
             "{\"name\":\"\xc3\x28\",\"password\":\"x\"}",
             R"({"name":"ann","password":")" + std::string(257, 'x') + "\"}", nested(10'000)}) {
        BOOST_TEST(send(post_json(body, "/session")).status == 400, body.substr(0, 100));
    }
    for (const std::string body :
         {"name=ann&password=%zz", "name=%00&password=x", "name=%c3%28&password=x", "name=ann"}) {
        BOOST_TEST(send(post_form(body, "/session")).status == 400, body);
    }
}

BOOST_AUTO_TEST_CASE(sql_in_any_field_is_just_text)
{
    const auto sign_in = [this](const std::string& name, const std::string& password) {
        return send(post_json(boost::json::serialize(
                                  boost::json::object{{"name", name}, {"password", password}}),
                              "/session"))
            .status;
    };
    BOOST_TEST(sign_in(injection, "x") == 401);
    BOOST_TEST(sign_in("ann", injection) == 401);
    BOOST_TEST(sign_in("ann' or '1'='1", "' or '1'='1") == 401);
    BOOST_TEST(text_of(send(poll_call(injection, R"({"1":0})"))) == invalid_user);
    BOOST_TEST(text_of(send(poll_call("x' or true --", R"({"1":0})"))) == invalid_user);
    BOOST_TEST(text_of(send(poll_call(ann, R"({"1":"0) or (1=1"})"))) == invalid_parameters);
    BOOST_TEST(text_of(send(poll_call(ann, R"({"1) or (1=1":0})"))) == invalid_parameters);
    BOOST_TEST(send(signed_by(ann, {"GET", "/walls/1/posts?before=1%20or%201=1", {}, {}})).status ==
               400);
    BOOST_TEST(send(signed_by(injection, {"GET", "/walls", {}, {}})).status == 401);
    BOOST_TEST(send(say_call(ann, 1, "x", injection)).status == 422); // no client_key
    BOOST_TEST(send(say_call(ann, 1, injection)).status == 201);
    BOOST_TEST(sql("select body from pollster.posts") == injection);
    const auto read = send(poll_call(bob, R"({"1":0})")).json();
    BOOST_TEST(read.at("walls").at("1").at("posts").at(0).at("body").as_string() == injection);
}

BOOST_AUTO_TEST_SUITE_END()
