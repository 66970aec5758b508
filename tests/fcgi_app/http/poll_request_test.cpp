// The poll's body in both encodings (docs/PROTOCOL.md, "The poll").
#include "fcgi_app/http/poll_request.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>

using namespace std::string_literals;

namespace {

using numbers = std::map<std::int64_t, std::int64_t>;

numbers cursors_of(const http::poll_body& poll)
{
    numbers out;
    for (const auto& c : poll.cursors) {
        out[walls::number(c.wall)] = walls::number(c.last);
    }
    BOOST_TEST(out.size() == poll.cursors.size());
    return out;
}

numbers epochs_of(const http::poll_body& poll)
{
    numbers out;
    for (const auto& c : poll.cursors) {
        out[walls::number(c.wall)] = walls::number(c.epoch);
    }
    return out;
}

bool ascending(const http::poll_body& poll)
{
    return std::is_sorted(poll.cursors.begin(), poll.cursors.end(),
                          [](const auto& a, const auto& b) { return a.wall < b.wall; });
}

void malformed(const http::poll_body& poll, std::string_view session, std::string_view what)
{
    BOOST_TEST_CONTEXT(what)
    {
        BOOST_TEST(poll.malformed);
        BOOST_TEST(poll.cursors.empty());
        BOOST_TEST(poll.session_id == session);
    }
}

std::string form_of_walls(int count)
{
    std::string out = "session_id=s";
    for (int n = 1; n <= count; ++n) {
        out += "&last_post_id%5B" + std::to_string(n) + "%5D=0";
    }
    return out;
}

std::string json_of_walls(int count)
{
    std::string out = R"({"session_id":"s","last_post_id":{)";
    for (int n = 1; n <= count; ++n) {
        out += (n > 1 ? ",\"" : "\"") + std::to_string(n) + "\":0";
    }
    return out + "}}";
}

constexpr std::int64_t largest = 9223372036854775807;

// What is no number in 0 … 2^63-1, as it may stand in a form or a JSON string.
const char* const no_numbers[] = {"-1",
                                  "-0",
                                  "+1",
                                  "9223372036854775808",
                                  "99999999999999999999999",
                                  "1.0",
                                  "1e3",
                                  "0x1",
                                  "one",
                                  "1 ",
                                  " 1",
                                  "",
                                  "1;drop table posts",
                                  "'1'",
                                  "\xef\xbc\x91"};

} // namespace

BOOST_AUTO_TEST_SUITE(local_hash_)

BOOST_AUTO_TEST_CASE(a_form_names_session_and_cursors)
{
    const auto poll =
        http::parse_poll_form("session_id=a-b_C&last_post_id[2]=77&last_post_id%5b1%5D=56");
    BOOST_TEST(!poll.malformed);
    BOOST_TEST(poll.session_id == "a-b_C");
    BOOST_TEST((cursors_of(poll) == numbers{{1, 56}, {2, 77}}));
    BOOST_TEST(ascending(poll));
}

BOOST_AUTO_TEST_CASE(json_names_session_and_cursors)
{
    const auto poll = http::parse_poll_json(
        R"( {"last_post_id":{"2":77,"10":"5","1":0}, "session_id":"a-b_C"} )");
    BOOST_TEST(!poll.malformed);
    BOOST_TEST(poll.session_id == "a-b_C");
    BOOST_TEST((cursors_of(poll) == numbers{{1, 0}, {2, 77}, {10, 5}}));
    BOOST_TEST(ascending(poll));
}

BOOST_AUTO_TEST_CASE(both_may_say_nothing)
{
    for (const auto& poll : {http::parse_poll_form(""), http::parse_poll_json("{}"),
                             http::parse_poll_json(R"({"last_post_id":{}})")}) {
        BOOST_TEST(!poll.malformed);
        BOOST_TEST(poll.session_id == "");
        BOOST_TEST(poll.cursors.empty());
    }
}

BOOST_AUTO_TEST_CASE(the_walls_that_are_known_are_a_number_said_once)
{
    const auto form = [](const std::string& said) { return http::parse_poll_form(said); };
    const auto json = [](const std::string& said) {
        return http::parse_poll_json("{" + said + "}");
    };
    BOOST_TEST(!form("last_post_id[1]=2").access);
    for (const auto& poll : {form("access=9007199254740991"), json(R"("access":9007199254740991)"),
                             json(R"("access":"9007199254740991")")}) {
        BOOST_TEST(!poll.malformed);
        BOOST_TEST(poll.access.has_value());
        BOOST_TEST(walls::number(poll.access.value()) == 9007199254740991);
    }
    BOOST_TEST(form("access=0").access.has_value());
    BOOST_TEST(form("access[1]=x").malformed == false); // another name
    for (const auto& poll :
         {form("access=9007199254740992"), json(R"("access":9007199254740992)")}) {
        BOOST_TEST(poll.malformed);
        BOOST_TEST(poll.too_large);
    }
    for (const std::string bad : {"", "-1", "1.0", "x", "1 "}) {
        BOOST_TEST(form("access=" + bad).malformed, bad);
        BOOST_TEST(json(R"("access":")" + bad + '"').malformed, bad);
    }
    BOOST_TEST(form("access=1&access=1").malformed);
    for (const std::string bad :
         {R"("access":1,"access":1)", R"("access":null)", R"("access":[])", R"("access":{})",
          R"("access":{"1":2})", R"("access":true)", R"("access":1e3)"}) {
        BOOST_TEST(json(bad).malformed, bad);
    }
    BOOST_TEST(!json(R"("x":{"access":{}},"y":[{"access":[]}])").malformed);
}

BOOST_AUTO_TEST_CASE(the_largest_numbers_are_accepted)
{
    const auto all = std::to_string(largest);
    const numbers expected = {{largest, largest}};
    BOOST_TEST((cursors_of(http::parse_poll_form("last_post_id[" + all + "]=" + all)) == expected));
    BOOST_TEST((cursors_of(http::parse_poll_json("{\"last_post_id\":{\"" + all + "\":" + all +
                                                 "}}")) == expected));
    BOOST_TEST((cursors_of(http::parse_poll_json("{\"last_post_id\":{\"" + all + "\":\"" + all +
                                                 "\"}}")) == expected));
}

BOOST_AUTO_TEST_CASE(unknown_fields_and_keys_are_ignored)
{
    const auto form =
        http::parse_poll_form("utf8=%E2%9C%93&last_post_idx[a]=b&last_post_id[1]=2&x");
    BOOST_TEST(!form.malformed);
    BOOST_TEST((cursors_of(form) == numbers{{1, 2}}));

    const auto json = http::parse_poll_json(
        R"({"a":[{"session_id":1,"last_post_id":[2]}],"b":null,"last_post_id":{"1":2},"c":1.5,"d":true,"a":"again"})");
    BOOST_TEST(!json.malformed);
    BOOST_TEST((cursors_of(json) == numbers{{1, 2}}));
    BOOST_TEST(json.session_id == "");
}

BOOST_AUTO_TEST_CASE(what_is_no_number_in_range_is_malformed)
{
    for (const std::string bad : no_numbers) {
        const auto encoded = bad == "+1" ? "%2B1" : bad;
        malformed(http::parse_poll_form("session_id=s&last_post_id[1]=" + encoded), "s", bad);
        malformed(http::parse_poll_form("session_id=s&last_post_id[" + encoded + "]=1"), "s", bad);
        malformed(
            http::parse_poll_json(R"({"session_id":"s","last_post_id":{"1":")" + bad + "\"}}"), "s",
            bad);
        malformed(http::parse_poll_json(R"({"session_id":"s","last_post_id":{")" + bad + "\":1}}"),
                  "s", bad);
    }
    malformed(http::parse_poll_form("last_post_id[0]=1"), "", "walls begin at 1");
    malformed(http::parse_poll_json(R"({"last_post_id":{"0":1}})"), "", "walls begin at 1");
}

BOOST_AUTO_TEST_CASE(numbers_in_json_that_are_no_cursor_are_malformed)
{
    for (const std::string bad :
         {"-1", "-0", "1.0", "1e3", "1E0", "9223372036854775808", "18446744073709551616", "1e400",
          "0.0", "null", "true", "[]", "[1]", "{}", R"({"1":1})"}) {
        malformed(http::parse_poll_json(R"({"session_id":"s","last_post_id":{"1":)" + bad + "}}"),
                  "s", bad);
    }
}

BOOST_AUTO_TEST_CASE(a_number_beyond_its_range_is_told_from_what_is_no_number)
{
    const auto form = [](const std::string& fields) {
        return http::parse_poll_form(fields).too_large;
    };
    const auto json = [](const std::string& rest) {
        return http::parse_poll_json(R"({"session_id":"s",)" + rest + "}").too_large;
    };
    for (const std::string beyond :
         {"9223372036854775808", "18446744073709551616", "100000000000000000000000"}) {
        malformed(http::parse_poll_form("session_id=s&last_post_id[1]=" + beyond), "s", beyond);
        BOOST_TEST(form("last_post_id[1]=" + beyond));
        BOOST_TEST(form("last_post_id[" + beyond + "]=1"));
        BOOST_TEST(form("last_post_id[1]=1&epoch[1]=" + beyond));
        BOOST_TEST(json(R"("last_post_id":{"1":)" + beyond + "}"));
        BOOST_TEST(json(R"("last_post_id":{"1":")" + beyond + "\"}"));
        BOOST_TEST(json(R"("last_post_id":{")" + beyond + "\":1}"));
    }
    BOOST_TEST(json(R"("last_post_id":{"1":1},"epoch":{"1":9007199254740992})"));
    BOOST_TEST(!json(R"("last_post_id":{"1":9007199254740992},"epoch":{"1":9007199254740991})"));
    for (const std::string bad :
         {"-9223372036854775809", "1e400", "9223372036854775808.0", "null"}) {
        BOOST_TEST(!json(R"("last_post_id":{"1":)" + bad + "}"), bad);
    }
}

BOOST_AUTO_TEST_CASE(form_names_without_a_wall_are_malformed)
{
    for (const std::string bad :
         {"last_post_id", "last_post_id[]", "last_post_id[", "last_post_id]", "last_post_id[1",
          "last_post_id[1][2]", "last_post_id[1]x"}) {
        const bool another_name = bad == "last_post_id]";
        BOOST_TEST(http::parse_poll_form(bad + "=1").malformed == !another_name, bad);
    }
}

BOOST_AUTO_TEST_CASE(a_wall_twice_is_malformed)
{
    malformed(http::parse_poll_form("last_post_id[1]=5&session_id=s&last_post_id[1]=5"), "s",
              "same");
    malformed(http::parse_poll_form("last_post_id[1]=5&last_post_id[01]=6"), "", "same number");
    malformed(http::parse_poll_json(R"({"last_post_id":{"1":5,"1":6},"session_id":"s"})"), "s",
              "same");
    malformed(http::parse_poll_json(R"({"last_post_id":{"1":5,"\u0031":6}})"), "", "escaped");
}

BOOST_AUTO_TEST_CASE(known_keys_twice_are_malformed_and_the_first_session_counts)
{
    malformed(http::parse_poll_form("session_id=a&session_id=b&last_post_id[1]=1"), "a", "form");
    malformed(http::parse_poll_json(R"({"session_id":"a","session_id":"b"})"), "a", "session");
    malformed(http::parse_poll_json(R"({"session_id":"a","session\u005fid":"b"})"), "a", "escaped");
    malformed(http::parse_poll_json(R"({"last_post_id":{"1":1},"last_post_id":{"2":1}})"), "",
              "walls");
    malformed(http::parse_poll_json(R"({"last_post_id":{},"last_post_id":{}})"), "", "empty");
}

BOOST_AUTO_TEST_CASE(a_thousand_walls_are_accepted_and_more_are_not)
{
    BOOST_TEST(http::parse_poll_form(form_of_walls(1000)).cursors.size() == 1000u);
    BOOST_TEST(http::parse_poll_json(json_of_walls(1000)).cursors.size() == 1000u);
    for (const int count : {1001, 10'000}) {
        malformed(http::parse_poll_form(form_of_walls(count)), "s", "form");
        malformed(http::parse_poll_json(json_of_walls(count)), "s", "json");
    }
}

BOOST_AUTO_TEST_CASE(a_session_that_is_no_string_is_malformed)
{
    for (const std::string bad : {"5", "null", "true", "1.5", "[\"s\"]", R"({"session_id":"s"})"}) {
        malformed(http::parse_poll_json("{\"session_id\":" + bad + R"(,"last_post_id":{"1":1}})"),
                  "", bad);
    }
}

BOOST_AUTO_TEST_CASE(walls_that_are_no_object_are_malformed)
{
    for (const std::string bad :
         {"[]", "[1]", "null", "5", "\"1\"", "false", "18446744073709551615"}) {
        malformed(http::parse_poll_json(R"({"session_id":"s","last_post_id":)" + bad + "}"), "s",
                  bad);
    }
}

BOOST_AUTO_TEST_CASE(json_that_is_no_object_is_malformed)
{
    for (const std::string bad : {"",
                                  " ",
                                  "[]",
                                  "5",
                                  "null",
                                  "true",
                                  "\"session_id\"",
                                  "1.5",
                                  R"([{"session_id":"s"}])",
                                  "{",
                                  "}",
                                  "{}{}",
                                  "{} x",
                                  "{,}",
                                  "{\"a\"}",
                                  "{\"a\":}",
                                  "{'a':1}",
                                  "{\"a\":1,}",
                                  "// c\n{}",
                                  "\xef\xbb\xbf{}",
                                  "{\"a\":NaN}",
                                  "{\"a\":01}"}) {
        malformed(http::parse_poll_json(bad), "", bad);
    }
}

BOOST_AUTO_TEST_CASE(json_cut_short_is_malformed)
{
    const std::string whole =
        R"({"session_id":"s","last_post_id":{"1":56,"2":"77"},"x":[1.5,null]})";
    BOOST_TEST(!http::parse_poll_json(whole).malformed);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto poll = http::parse_poll_json(std::string_view(whole).substr(0, size));
        BOOST_TEST(poll.malformed);
        BOOST_TEST(poll.cursors.empty());
    }
}

BOOST_AUTO_TEST_CASE(json_is_read_32_levels_deep_and_no_deeper)
{
    const auto nested = [](std::size_t levels) {
        return R"({"last_post_id":{"1":2},"x":)" + std::string(levels - 1, '[') +
               std::string(levels - 1, ']') + "}";
    };
    BOOST_TEST(!http::parse_poll_json(nested(http::max_json_depth)).malformed);
    BOOST_TEST(http::parse_poll_json(nested(http::max_json_depth + 1)).malformed);
    BOOST_TEST(http::parse_poll_json(nested(10'000)).malformed);
    malformed(http::parse_poll_json(R"({"session_id":"s","x":)" + std::string(10'000, '[')), "s",
              "deep");
    std::string objects;
    for (int n = 0; n < 10'000; ++n) {
        objects += "{\"a\":";
    }
    malformed(http::parse_poll_json(objects), "", "deep");
}

BOOST_AUTO_TEST_CASE(invalid_utf8_in_json_is_malformed)
{
    for (const auto& bad : {"\xff"s, "\xc0\x80"s, "\xed\xa0\x80"s, "\xe2\x82"s}) {
        BOOST_TEST(http::parse_poll_json("{\"session_id\":\"" + bad + "\"}").malformed);
        BOOST_TEST(http::parse_poll_json("{\"" + bad + "\":1}").malformed);
    }
}

// Neither "Invalid user!" nor "Invalid parameters!" would be true of them.
BOOST_AUTO_TEST_CASE(what_is_no_text_or_no_object_is_unreadable)
{
    const auto status = [](const http::poll_body& poll) {
        BOOST_TEST(poll.malformed == poll.unreadable.has_value());
        return poll.unreadable ? poll.unreadable->status : 200;
    };
    for (const auto& form : {"session_id=a%00b"s, "session_id=a\0b"s, "last_post_id[1]=5\0"s,
                             "x=%ff"s, "%c0%80=1"s, "a=\xed\xa0\x80"s}) {
        BOOST_TEST(status(http::parse_poll_form(form)) == 422, form);
    }
    for (const auto& text :
         {"{\"session_id\":\"a\0b\"}"s, R"({"session_id":"a\u0000b"})"s, R"({"a\u0000":1})"s,
          "{}\0"s, R"({"x":["\ud800"]})"s, R"({"\udc00":1})"s, "{\"a\":\"\xff\"}"s}) {
        BOOST_TEST(status(http::parse_poll_json(text)) == 422, text);
    }
    for (const auto text : {"", "[]", "7", "\"x\"", "{", "{}{}", "{\"a\":1,}", "{\"a\":NaN}"}) {
        BOOST_TEST(status(http::parse_poll_json(text)) == 400, text);
    }
    BOOST_TEST(status(http::parse_poll_json(R"({"last_post_id":{"1":2}})")) == 200);
    BOOST_TEST(status(http::parse_poll_form("last_post_id[1]=2&x=%E2%9C%93")) == 200);
    BOOST_TEST(!http::parse_poll_form("last_post_id[x]=2&a=%").unreadable.has_value());
}

BOOST_AUTO_TEST_CASE(a_form_with_malformed_encoding_still_tells_its_session)
{
    malformed(http::parse_poll_form("a=%&session_id=s&last_post_id[1]=1"), "s", "before");
    malformed(http::parse_poll_form("session_id=s&last_post_id[1]=1&%zz"), "s", "after");
}

BOOST_AUTO_TEST_CASE(epochs_stand_beside_the_cursors_in_any_order)
{
    const numbers expected{{1, 9007199254740991}, {2, 0}, {7, 5}};
    BOOST_TEST((epochs_of(http::parse_poll_form(
                    "epoch[7]=5&last_post_id[7]=1&last_post_id[1]=2&last_post_id[2]=3&"
                    "epoch%5B1%5D=9007199254740991")) == expected));
    BOOST_TEST(
        (epochs_of(http::parse_poll_json(
             R"({"epoch":{"7":5,"1":"9007199254740991"},"last_post_id":{"1":2,"2":3,"7":1}})")) ==
         expected));
    BOOST_TEST((epochs_of(http::parse_poll_json(R"({"last_post_id":{"1":2},"epoch":{}})")) ==
                numbers{{1, 0}}));
    BOOST_TEST((epochs_of(http::parse_poll_json(
                    R"({"last_post_id":{"1":0},"epoch":{"1":null}})")) == numbers{{1, 0}}));
    malformed(http::parse_poll_json(R"({"last_post_id":{"1":0},"epoch":null})"), "", "no map");
    // Of other names, and deeper: not ours.
    BOOST_TEST(!http::parse_poll_form("last_post_id[1]=2&epochs[1]=x").malformed);
    BOOST_TEST(
        !http::parse_poll_json(R"({"last_post_id":{"1":2},"x":{"epoch":{"1":-1}}})").malformed);
}

BOOST_AUTO_TEST_CASE(an_epoch_that_is_none_is_malformed)
{
    for (const std::string bad :
         {"-1", "9007199254740992", "99999999999999999999", "x", "1.0", ""}) {
        malformed(http::parse_poll_form("session_id=s&last_post_id[1]=2&epoch[1]=" + bad), "s",
                  bad);
        malformed(http::parse_poll_json(
                      R"({"session_id":"s","last_post_id":{"1":2},"epoch":{"1":")" + bad + "\"}}"),
                  "s", bad);
    }
    for (const std::string bad : {"false", "true", "[]", "{}", "1e3", "[1]"}) {
        malformed(http::parse_poll_json(
                      R"({"session_id":"s","last_post_id":{"1":2},"epoch":{"1":)" + bad + "}}"),
                  "s", bad);
        if (bad != "{}") {
            malformed(http::parse_poll_json(R"({"session_id":"s","last_post_id":{"1":2},"epoch":)" +
                                            bad + "}"),
                      "s", bad);
        }
    }
    malformed(http::parse_poll_form("last_post_id[1]=2&epoch[2]=3"), "",
              "of a wall without a cursor");
    malformed(http::parse_poll_form("last_post_id[1]=2&epoch[0]=3"), "", "of no wall");
    malformed(http::parse_poll_form("last_post_id[1]=2&epoch=3"), "", "without a wall");
    malformed(http::parse_poll_form("last_post_id[1]=2&epoch[1]=3&epoch[1]=3"), "", "twice");
    malformed(http::parse_poll_json(R"({"last_post_id":{"1":2},"epoch":{},"epoch":{}})"), "",
              "twice");
}

BOOST_AUTO_TEST_SUITE_END()
