// Which bodies are accepted, and the answer to the others (docs/PROTOCOL.md, "Bodies").
#include "fcgi_app/http/body.hpp"
#include "fcgi_app/http/json_object.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

using namespace std::string_literals;

namespace {

http::request with(std::string type, std::string body, std::string coding = {},
                   std::string charset = {})
{
    http::request r;
    r.content_type = std::move(type);
    r.body = std::move(body);
    r.content_encoding = std::move(coding);
    r.charset = std::move(charset);
    return r;
}

// "form", "json", "nothing", or the refusal.
std::string taken_as(const http::request& r, bool form_too = true)
{
    const auto encoding = http::encoding_of(r, form_too);
    if (!encoding) {
        BOOST_TEST(encoding.error().status == 415);
        return encoding.error().sentence;
    }
    switch (*encoding) {
    case http::encoding::nothing:
        return "nothing";
    case http::encoding::form:
        return "form";
    case http::encoding::json:
        break;
    }
    return "json";
}

std::string read(std::string_view text)
{
    const auto object = http::parse_json_object(text);
    if (!object) {
        return std::to_string(object.error().status) + " " + object.error().sentence;
    }
    return boost::json::serialize(*object);
}

const std::string form = "application/x-www-form-urlencoded";
const std::string json = "application/json";

} // namespace

BOOST_AUTO_TEST_SUITE(body_)

BOOST_AUTO_TEST_CASE(form_and_json_are_taken_and_nothing_is_nothing)
{
    BOOST_TEST(taken_as(with(form, "a=b")) == "form");
    BOOST_TEST(taken_as(with(json, "{}")) == "json");
    BOOST_TEST(taken_as(with(json, "")) == "json");
    BOOST_TEST(taken_as(with("", "")) == "nothing");
    BOOST_TEST(taken_as(with(json, "{}", "identity", "utf-8")) == "json");
}

BOOST_AUTO_TEST_CASE(others_are_told_what_to_send)
{
    BOOST_TEST(taken_as(with("text/plain", "a=b")) ==
               "The body must be application/json or application/x-www-form-urlencoded, not "
               "text/plain.");
    BOOST_TEST(taken_as(with(form, "a=b"), false) ==
               "The body must be application/json, not application/x-www-form-urlencoded.");
    BOOST_TEST(taken_as(with("", "a=b"), false) ==
               "The body must be application/json, and Content-Type must say so.");
    BOOST_TEST(taken_as(with("\xff\"<>", "x"), false) == "The body must be application/json.");
    BOOST_TEST(taken_as(with(std::string(10'000, 'x'), "x"), false) ==
               "The body must be application/json.");
    for (const auto& r : {with(json, "{}", "gzip"), with(json, "{}", "br"), with(form, "x", "x"),
                          with(json, "\x1f\x8b\x08\x00"s)}) {
        BOOST_TEST(taken_as(r) == "The body must not be compressed.");
    }
    for (const auto& r : {with(json, "{}", "", "utf-16"), with(form, "x", "", "iso-8859-1"),
                          with(json, "\xff\xfe{\0}\0"s), with(json, "\xfe\xff\0{\0}"s)}) {
        BOOST_TEST(taken_as(r) == "The body must be UTF-8, not another encoding of characters.");
    }
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_skipped_once)
{
    BOOST_TEST(http::text_of(with(json, "\xef\xbb\xbf{}")) == "{}");
    BOOST_TEST(http::text_of(with(json, "{}")) == "{}");
    BOOST_TEST(http::text_of(with(json, "\xef\xbb")) == "\xef\xbb");
}

BOOST_AUTO_TEST_CASE(an_objects_own_members_are_read_and_deeper_ones_are_not)
{
    BOOST_TEST(read(R"( {"a":"b","n":-7,"u":9223372036854775808,"d":1.5,"t":true,"z":null} )") ==
               R"({"a":"b","n":-7,"u":9223372036854775808,"d":1.5E0,"t":true,"z":null})");
    BOOST_TEST(read(R"({"a":{"a":1,"b":[{"a":2}]},"l":[1,{"a":3}],"b":"\u20ac\ud83d\ude00"})") ==
               "{\"a\":{},\"l\":[],\"b\":\"\u20ac\U0001f600\"}");
    BOOST_TEST(read("{}") == "{}");
}

BOOST_AUTO_TEST_CASE(why_a_body_is_no_object_is_said)
{
    const std::string object = "400 The body must be one JSON object";
    BOOST_TEST(read("") == "400 The body is empty; it must be one JSON object.");
    BOOST_TEST(read("[]") == object + ".");
    BOOST_TEST(read("7") == object + ".");
    BOOST_TEST(read(R"({"a":1,"a":2})") == object + " with each key once.");
    BOOST_TEST(read(R"({"a":1,"\u0061":2})") == object + " with each key once.");
    BOOST_TEST(read(R"({"a":Infinity})") == object + ": I at byte 6 is not expected.");
    BOOST_TEST(read("{\"a\":\"x\ny\"}") == object + ": byte 8 is not expected.");
    BOOST_TEST(read("{\"a\":\"") == object + ": it ends before that does.");
    BOOST_TEST(read("{} {}") == object + ": more follows after byte 3.");
    BOOST_TEST(read(std::string(33, '[')).find("at most 32 levels deep") != std::string::npos);
    BOOST_TEST(read(R"({"a":"\ud83d)") == object + ": it ends before that does.");
    BOOST_TEST(read(R"({"a":"\ud83d\ude)") == object + ": it ends before that does.");
    BOOST_TEST(read(R"({"a":"\\ud800"})") == R"({"a":"\\ud800"})");
    for (const auto& bad :
         {R"({"a":"\ud800x and more, so that the buffer is long"})"s,
          R"({"a":"\ud800\u0041 and more, so that the buffer is long"})"s, R"({"a":"\ud800\n"})"s,
          R"({"a":"\\\ud800"})"s, R"({"a":"\ud800"})"s, R"({"a":"\udc00"})"s,
          R"({"a":"\ud800\u0041"})"s, R"({"\ud800":1})"s, R"({"a":["\u0000"]})"s,
          R"({"\u0000":1})"s, "{\"a\":\"\xff\"}"s, "\xff"s, "{}\0"s, "{\"a\":\"\xed\xa0\x80\"}"s}) {
        BOOST_TEST(read(bad) == "422 " + http::not_a_text().sentence, bad);
    }
}

BOOST_AUTO_TEST_SUITE_END()
