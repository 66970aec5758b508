// What polls, posts and sign-ins must refuse, and what must not harm them.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

using namespace e2e;

namespace {

const std::string invalid_user = R"(400 {"errors":["Invalid user!"]})";
const std::string invalid_parameters = R"(400 {"errors":["Invalid parameters!"]})";
const std::string too_large =
    R"(400 {"errors":["Invalid parameters!"],"why":"A wall and a cursor are at most )"
    R"(9223372036854775807, an epoch and access 9007199254740991."})";

bool beyond_its_range(const std::string& poll)
{
    return poll.find("9223372036854775808") != std::string::npos;
}
const std::string not_text =
    R"(422 {"errors":["A text must be Unicode in UTF-8, without NUL and without half of a surrogate pair; something in the request is not."]})";
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
         {"", "session_id=x&last_post_id[1]=0", "last_post_id[1]=0", "=&=&&&", "session_id"}) {
        const auto r = send(post_form(body));
        BOOST_TEST(text_of(r) == invalid_user, body);
        BOOST_TEST(r.header("Set-Cookie").empty());
    }
    std::string too_many;
    for (int wall = 1; wall <= 26'000; ++wall) {
        too_many += "&last_post_id[" + std::to_string(wall) + "]=";
    }
    BOOST_REQUIRE(too_many.size() < 1'000'000);
    for (const auto& walls : std::vector<std::string>{
             "", "&last_post_id[-1]=0", "&last_post_id[0]=0",
             "&last_post_id[9223372036854775808]=0", "&last_post_id[x]=0", "&last_post_id[]=0",
             "&last_post_id[1]=-1", "&last_post_id[1]=9223372036854775808", "&last_post_id[1]=x",
             "&last_post_id[1]=", "&last_post_id[1]=0&last_post_id[1]=0", "&last_post_id[1]=%zz",
             "&last_post_id[1]=%", "&last_post_id[999]=0", too_many.substr(0, 100'000)}) {
        BOOST_TEST(text_of(send(post_form("session_id=" + ann + walls))) ==
                       (beyond_its_range(walls) ? too_large : invalid_parameters),
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
             R"({"1":1e3})", R"({"1":null})", R"({"1":[0]})", R"({"1":0,"1":0})", R"({"999":0})",
             too_many + "}"}) {
        BOOST_TEST(text_of(send(poll_call(ann, cursors))) ==
                       (beyond_its_range(cursors) ? too_large : invalid_parameters),
                   cursors.substr(0, 100));
    }
}

// The session may be in what cannot be read: "Invalid user!" would sign a client out that is not.
BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_never_an_invalid_user)
{
    const std::string object = "The body must be one JSON object";
    const std::vector<std::pair<std::string, std::string>> unreadable{
        {"", "The body is empty; it must be one JSON object."},
        {"{", object + ": it ends before that does."},
        {R"({"last_post_id":{"1":0})", object + ": it ends before that does."},
        {"gibberish", object + ": g at byte 1 is not expected."},
        {R"({"a":NaN})", object + ": N at byte 6 is not expected."},
        {R"({"a":1,})", object + ": } at byte 8 is not expected."},
        {R"({'a':1})", object + ": ' at byte 2 is not expected."},
        {"[1]", object + "."},
        {"7", object + "."},
        {R"({"last_post_id":{"1":0}} x)", object + ": more follows after byte 25."},
        {nested(10'000), object + ", at most 32 levels deep."},
        {R"({"last_post_id":)" + nested(10'000) + "}", object + ", at most 32 levels deep."}};
    for (const auto& [body, sentence] : unreadable) {
        const auto expected =
            "400 " + boost::json::serialize(boost::json::object{{"errors", {sentence}}});
        BOOST_TEST(text_of(send(post_json(body))) == expected);
        BOOST_TEST(text_of(send(signed_by(ann, post_json(body)))) == expected);
        BOOST_TEST(text_of(send(signed_by(ann, post_json(body, "/walls/1/posts")))) == expected);
        BOOST_TEST(text_of(send(post_json(body, "/session"))) == expected);
    }
}

BOOST_AUTO_TEST_CASE(a_body_that_is_neither_form_nor_json_is_415_and_says_what_to_send)
{
    const std::string form = "session_id=" + ann + "&last_post_id[1]=0";
    const std::string json = poll_call(ann, R"({"1":0})").body;
    const auto refused = [this](const std::string& path, const std::string& body,
                                const header_list& headers) {
        const auto r = send(signed_by(ann, {"POST", path, body, headers}));
        BOOST_TEST(r.status == 415, r.body);
        BOOST_TEST(!r.header("Access-Control-Allow-Methods").empty());
        BOOST_TEST(r.json().as_object().size() == 1u);
        return std::string(r.json().at("errors").as_array().at(0).as_string());
    };
    for (const std::string path : {"/", "/session", "/walls/1/posts"}) {
        for (const std::string type :
             {"multipart/form-data; boundary=x", "text/plain", "text/plain;charset=UTF-8",
              "application/octet-stream", "application/xml", "json", "application/jsonp", ";"}) {
            const auto sentence = refused(path, form, {{"Content-Type", type}});
            BOOST_TEST(sentence.starts_with("The body must be application/json"), sentence);
        }
        refused(path, form, {}); // no type at all
        refused(path, json, {{"Content-Type", "application/json; charset=utf-16"}});
        refused(path, json, {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}});
        refused(path, "\x1f\x8b\x08rest", {{"Content-Type", "application/json"}});
        refused(path, std::string("\xff\xfe{\0}\0", 6), {{"Content-Type", "application/json"}});
    }
    for (const std::string type :
         {"application/x-www-form-urlencoded;charset=utf-8", "APPLICATION/X-WWW-Form-UrlEncoded"}) {
        BOOST_TEST(send({"POST", "/", "session_id=x", {{"Content-Type", type}}}).status == 400);
    }
    for (const std::string type :
         {"application/json; charset=\"UTF-8\"", "Application/JSON ; Charset=utf8; x=y"}) {
        BOOST_TEST(
            send(signed_by(ann,
                           {"POST", "/walls/1/posts", R"({"body":"x"})", {{"Content-Type", type}}}))
                .status == 201);
    }
    // Nothing was sent, so nothing was sent wrongly.
    BOOST_TEST(text_of(send({"POST", "/", {}, {}})) == invalid_user);
    BOOST_TEST(text_of(send(signed_by(ann, {"POST", "/", {}, {}}))) == invalid_parameters);
    BOOST_TEST(send(signed_by(ann, {"POST", "/walls/1/posts", {}, {}})).status == 400);
}

BOOST_AUTO_TEST_CASE(what_is_no_text_is_one_422_wherever_it_stands)
{
    const auto say = [this](const std::string& body) {
        return text_of(send(signed_by(ann, post_json(body, "/walls/1/posts"))));
    };
    for (const std::string bad :
         {R"(\ud800)", R"(\udc00)", R"(\ud800\ud800)", R"(\ud800x)", R"(\ud83d\n)", R"(\u0000)",
          "\xff", "\xc3\x28", "\xed\xa0\x80", "\xc0\x80", "\xf5\x80\x80\x80"}) {
        BOOST_TEST(say(R"({"body":"a)" + bad + "\"}") == not_text, bad);
        BOOST_TEST(say(R"({"body":"x","client_key":")" + bad + "\"}") == not_text, bad);
        BOOST_TEST(say(R"({"body":"x","other":[{"deep":")" + bad + "\"}]}") == not_text, bad);
        BOOST_TEST(say(R"({"body":"x","other":{")" + bad + "\":1}}") == not_text, bad);
        BOOST_TEST(say(R"({")" + bad + R"(":1,"body":"x"})") == not_text, bad);
        for (const std::string& body : {R"({"name":"ann)" + bad + R"(","password":"ann secret"})",
                                        R"({"name":"ann","password":")" + bad + "\"}"}) {
            BOOST_TEST(text_of(send(post_json(body, "/session"))) == not_text, bad);
        }
        for (const std::string& body :
             {R"({"last_post_id":{"1":0},"x":")" + bad + R"(","session_id":")" + ann + "\"}",
              R"({"session_id":")" + bad + R"(","last_post_id":{"1":0}})",
              R"({"session_id":")" + ann + R"(","last_post_id":{"1":"0)" + bad + "\"}}"}) {
            BOOST_TEST(text_of(send(post_json(body))) == not_text, bad);
        }
    }
    for (const std::string bad : {"%00", "%ff", "%c3%28", "%ed%a0%80"}) {
        BOOST_TEST(text_of(send(post_form("session_id=" + bad + "&last_post_id[1]=0"))) ==
                   not_text);
        BOOST_TEST(text_of(send(post_form("last_post_id[1]=0" + bad))) == not_text);
        BOOST_TEST(text_of(send(post_form(bad + "=1&session_id=" + ann))) == not_text);
        BOOST_TEST(text_of(send(post_form("name=a" + bad + "&password=x", "/session"))) ==
                   not_text);
        BOOST_TEST(text_of(send(post_form("name=ann&password=" + bad, "/session"))) == not_text);
        BOOST_TEST(text_of(send(signed_by(
                       ann, {"GET", "/walls/1/posts?limit=5&x=" + bad, {}, {}}))) == not_text);
    }
}

// As long as a post may be, in the longest way that JSON has to write it.
BOOST_AUTO_TEST_CASE(every_text_that_may_be_posted_fits_however_it_is_written)
{
    const auto repeated = [](const std::string& escape, int times) {
        std::string out = R"({"\u0062\u006f\u0064\u0079":")";
        for (int i = 0; i < times; ++i) {
            out += escape;
        }
        return out + "\"}";
    };
    const std::vector<std::pair<std::string, int>> longest{{R"(\u0041)", 65'536},
                                                           {R"(\u00e9)", 32'768},
                                                           {R"(\u20ac)", 21'845},
                                                           {R"(\ud83d\ude00)", 16'384},
                                                           {R"(\n)", 65'536}};
    for (const auto& [escape, times] : longest) {
        const auto r = send(signed_by(ann, post_json(repeated(escape, times), "/walls/1/posts")));
        BOOST_TEST(r.status == 201, escape);
    }
    BOOST_TEST(
        send(signed_by(ann, post_json(repeated(R"(\u0041)", 65'537), "/walls/1/posts"))).status ==
        413);
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_and_spaces_are_no_part_of_a_body)
{
    const std::string mark = "\xef\xbb\xbf";
    BOOST_TEST(
        send(post_json(mark + R"({"name":"ann","password":"ann secret"})", "/session")).status ==
        201);
    BOOST_TEST(send(post_form(mark + "name=ann&password=ann+secret", "/session")).status == 201);
    BOOST_TEST(send(signed_by(ann, post_json(mark + " \r\n{\"body\":\"x\"}\n", "/walls/1/posts")))
                   .status == 201);
    BOOST_TEST(entries_of(send(post_json(mark + poll_call(ann, R"({"1":0})").body))) == "1:1");
}

BOOST_AUTO_TEST_CASE(numbers_and_keys_that_are_refused_say_why)
{
    const auto mark = [this](const std::string& body) {
        return text_of(send(signed_by(ann, {"PUT", "/walls/1/read", body, post_json({}).headers})));
    };
    for (const std::string id : {"9223372036854775808", "18446744073709551616", "1e3", "1.0", "-1",
                                 "1e999", "\"7\"", "null", "{}", "[1]"}) {
        const auto a = mark("{\"id\":" + id + "}");
        BOOST_TEST(
            a == "422 {\"errors\":[\"id must be the number of an entry: digits only, from 0 to "
                 "9223372036854775807.\"]}",
            id << ": " << a);
    }
    BOOST_TEST(mark(R"({"id":9007199254740993})").starts_with("200 "));
    BOOST_TEST(mark(R"({"id":1,"id":2})") ==
               R"(400 {"errors":["The body must be one JSON object with each key once."]})");
    BOOST_TEST(mark(R"({"id":1,"\u0069d":2})").starts_with("400 "));
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
             R"({"name":"ann","password":")" + std::string(257, 'x') + "\"}", nested(10'000)}) {
        BOOST_TEST(send(post_json(body, "/session")).status == 400, body.substr(0, 100));
    }
    for (const std::string body : {"name=ann&password=%zz", "name=ann"}) {
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
