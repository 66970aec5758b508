// Which tokens are good: each rule of docs/SECURITY.md, "Signed tokens".
#include "signed_tokens/claims.hpp"
#include "tests/signed_tokens/signing.hpp"
#include "tests/signed_tokens/vectors.hpp"

#include <boost/test/unit_test.hpp>

using namespace signed_tokens;
using namespace signed_tokens::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::sys_seconds now{1'800'000'000s};

keys known(const std::string& all)
{
    return keys::parse(key_set(all)).value();
}

// What it says, or why it is none.
std::string said(const std::string& token, const expected& must = {},
                 std::chrono::sys_seconds at = now)
{
    static const keys shop = known(shop_key + "," + a2_key);
    const auto c = read(token, shop, must, at);
    if (!c) {
        return c.error().why;
    }
    std::string out = c->user ? "user " + std::to_string(*c->user) : "guest";
    if (c->walls) {
        out += ":";
        for (const auto wall : *c->walls) {
            out += " " + std::to_string(wall);
        }
    }
    return out;
}

std::string payload(const std::string& more, long long exp = 1'800'000'060)
{
    return R"({"exp":)" + std::to_string(exp) + (more.empty() ? "" : "," + more) + "}";
}

std::string with(const std::string& more, const expected& must = {})
{
    return said(token_of(payload(more)), must);
}

} // namespace

BOOST_AUTO_TEST_SUITE(claims_)

BOOST_AUTO_TEST_CASE(the_vectors_of_the_specifications_are_good_until_their_time)
{
    // Their claims name nobody here; that is found out after the signature.
    constexpr std::chrono::sys_seconds then{1'300'819'379s};
    constexpr auto nobody = "it names neither a user (sub) nor walls";
    BOOST_TEST(read(a1_token, known(a1_key), {}, then).error().why == nobody);
    BOOST_TEST(read(a2_token, known(a2_key), {}, then).error().why == nobody);
    BOOST_TEST(read(a1_token, known(a1_key), {}, then + 1s).error().why == "it has expired");
    BOOST_TEST(read(a1_token, known(a1_key), {"joe", ""}, then).error().why == nobody);
    BOOST_TEST(read(a1_token, known(a1_key), {"ann", ""}, then).error().why ==
               "its iss is not token_issuer");
    BOOST_TEST(read(a4_token, known(a4_key), {}, then).error().why ==
               "its payload is no base64url of a JSON object with each name once");
}

BOOST_AUTO_TEST_CASE(a_token_names_a_user_or_walls_or_both)
{
    BOOST_TEST(with(R"("sub":"7")") == "user 7");
    BOOST_TEST(with(R"("sub":7)") == "user 7");
    BOOST_TEST(with(R"("sub":"9007199254740993")") == "user 9007199254740993");
    BOOST_TEST(with(R"("sub":9223372036854775807)") == "user 9223372036854775807");
    BOOST_TEST(with(R"("walls":[3,"2",3,9007199254740993])") == "guest: 2 3 9007199254740993");
    BOOST_TEST(with(R"("walls":[])") == "guest:");
    BOOST_TEST(with(R"("sub":7,"walls":[1])") == "user 7: 1");
    BOOST_TEST(with("") == "it names neither a user (sub) nor walls");
    for (const auto* bad :
         {"0", "-1", "1.0", "1e3", R"("")", R"("07")", R"("+7")", R"("7 ")", R"("ann")", "null",
          "true", "[7]", "9223372036854775808", R"("9223372036854775808")"}) {
        BOOST_TEST(with(std::string(R"("sub":)") + bad) == "its sub is no user's id", bad);
        BOOST_TEST(with(std::string(R"("walls":[1,)") + bad + "]") ==
                       "its walls are no array of ids",
                   bad);
    }
    for (const auto* bad : {"1", "null", R"("1")", "{}"}) {
        BOOST_TEST(with(std::string(R"("sub":7,"walls":)") + bad) ==
                   "its walls are no array of ids");
    }
}

BOOST_AUTO_TEST_CASE(it_has_an_end_and_may_have_a_beginning)
{
    const std::string token = token_of(payload(R"("sub":7)"));
    BOOST_TEST(said(token, {}, now + 59s) == "user 7");
    BOOST_TEST(said(token, {}, now + 60s) == "it has expired");
    BOOST_TEST(said(token_of(R"({"sub":7,"exp":1800000000.5})")) == "it has expired");
    BOOST_TEST(said(token_of(R"({"sub":7,"exp":1800000001.5})")) == "user 7");
    for (const auto* bad :
         {R"({"sub":7})", R"({"sub":7,"exp":"1800000060"})", R"({"sub":7,"exp":null})",
          R"({"sub":7,"exp":-1})", R"({"sub":7,"exp":1e300})", R"({"sub":7,"exp":0e310})"}) {
        BOOST_TEST(said(token_of(bad)) == "it has no exp in seconds", bad);
    }
    BOOST_TEST(with(R"("sub":7,"nbf":1800000000)") == "user 7");
    BOOST_TEST(with(R"("sub":7,"nbf":1800000030)") == "user 7"); // `early`
    BOOST_TEST(with(R"("sub":7,"nbf":1800000031)") == "its nbf is to come");
    BOOST_TEST(with(R"("sub":7,"nbf":"soon")") == "its nbf is to come");
}

BOOST_AUTO_TEST_CASE(it_comes_from_the_issuer_and_is_for_this_audience)
{
    const expected chat{"shop", "chat"};
    BOOST_TEST(with(R"("sub":7,"iss":"shop","aud":"chat")", chat) == "user 7");
    BOOST_TEST(with(R"("sub":7,"iss":"shop","aud":["mail","chat"])", chat) == "user 7");
    for (const auto* bad :
         {R"("iss":"SHOP","aud":"chat")", R"("aud":"chat")", R"("iss":["shop"],"aud":"chat")"}) {
        BOOST_TEST(with(std::string(R"("sub":7,)") + bad, chat) == "its iss is not token_issuer");
    }
    for (const auto* bad : {R"("aud":"mail")", R"("aud":["mail"])", R"("aud":[])", R"("aud":null)",
                            R"("aud":"chat2")", R"("aud":{"chat":1})"}) {
        BOOST_TEST(with(std::string(R"("sub":7,"iss":"shop",)") + bad, chat) ==
                   "its aud is not token_audience");
    }
    BOOST_TEST(with(R"("sub":7,"iss":"shop")", chat) == "its aud is not token_audience");
    BOOST_TEST(with(R"("sub":7,"aud":"chat")") == "its aud is not token_audience");
    BOOST_TEST(with(R"("sub":7,"iss":"anybody")") == "user 7");
}

BOOST_AUTO_TEST_CASE(the_key_decides_the_algorithm)
{
    const std::string claims = payload(R"("sub":7)");
    constexpr auto other = "its alg is not the key's";
    for (const auto* header : {R"({"alg":"none","kid":"shop"})", R"({"alg":"None","kid":"shop"})",
                               R"({"alg":"HS512","kid":"shop"})", R"({"alg":"RS256","kid":"shop"})",
                               R"({"kid":"shop"})", R"({"alg":["HS256"],"kid":"shop"})"}) {
        BOOST_TEST(said(token_of(claims, header)) == other, header);
    }
    // The public key as the secret.
    BOOST_TEST(said(token_of(claims, R"({"alg":"HS256","kid":"a2"})", a2_key)) == other);
    BOOST_TEST(said(token_of(claims, R"({"alg":"RS256","kid":"a2"})", a2_key)) ==
               "its signature is not the key's");
    const std::string unsigned_one =
        base64url(R"({"alg":"none","kid":"shop"})") + '.' + base64url(claims) + '.';
    BOOST_TEST(said(unsigned_one) == other);
    // A key that the token brings along is none.
    BOOST_TEST(said(token_of(claims, R"({"alg":"HS256","jwk":)" + shop_key + "}", "x")) ==
               "its kid is no key's");
}

BOOST_AUTO_TEST_CASE(the_key_is_the_one_that_it_names)
{
    const std::string claims = payload(R"("sub":7)");
    constexpr auto none = "its kid is no key's";
    for (const auto* header :
         {R"({"alg":"HS256","kid":"other"})", R"({"alg":"HS256"})", R"({"alg":"HS256","kid":7})",
          R"({"alg":"HS256","kid":null})", R"({"alg":"HS256","kid":""})"}) {
        BOOST_TEST(said(token_of(claims, header)) == none, header);
    }
    BOOST_TEST(said(token_of(claims, R"({"alg":"HS256","kid":"shop"})", "another secret")) ==
               "its signature is not the key's");
    // One key alone need not be named.
    BOOST_TEST(*read(token_of(claims, R"({"alg":"HS256"})"), known(shop_key), {}, now)->user == 7);
}

BOOST_AUTO_TEST_CASE(what_its_sender_needs_us_to_understand_is_refused)
{
    BOOST_TEST(said(token_of(payload(R"("sub":7)"),
                             R"({"alg":"HS256","kid":"shop","crit":["exp"],"exp":1})")) ==
               "its header has crit");
    BOOST_TEST(said(token_of(payload(R"("sub":7)"), R"({"alg":"HS256","kid":"shop","crit":[]})")) ==
               "its header has crit");
}

BOOST_AUTO_TEST_CASE(nothing_is_said_twice)
{
    BOOST_TEST(with(R"("sub":7,"sub":8)") ==
               "its payload is no base64url of a JSON object with each name once");
    BOOST_TEST(with(R"("sub":7,"exp":1900000000)") ==
               "its payload is no base64url of a JSON object with each name once");
    BOOST_TEST(
        said(token_of(payload(R"("sub":7)"), R"({"alg":"none","kid":"shop","alg":"HS256"})")) ==
        "its header is no base64url of a JSON object with each name once");
}

BOOST_AUTO_TEST_CASE(no_character_of_it_can_be_another)
{
    const std::string good = token_of(payload(R"("sub":7)"));
    BOOST_REQUIRE(said(good) == "user 7");
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const char c : {'A', '_', '=', '.', ' ', '\0'}) {
            std::string other = good;
            other[at] = c;
            BOOST_TEST((other == good || said(other) != "user 7"), at);
        }
        BOOST_TEST(said(good.substr(0, at)) != "user 7", at);
        BOOST_TEST(said(good.substr(at + 1)) != "user 7", at);
    }
    BOOST_TEST(said(good + "A") != "user 7");
    BOOST_TEST(said(good + ".") != "user 7");
    BOOST_TEST(said("") != "user 7");
}

BOOST_AUTO_TEST_CASE(it_has_4096_bytes_at_most)
{
    std::string filling;
    std::string token;
    do {
        token = token_of(payload(R"("sub":7,"x":")" + filling + '"'));
        filling += 'x';
    } while (token.size() < longest);
    BOOST_TEST(said(token) ==
               (token.size() == longest ? "user 7" : "it is longer than 4,096 bytes"));
    token = token_of(payload(R"("sub":7,"x":")" + std::string(4000, 'x') + '"'));
    BOOST_TEST(said(token) == "it is longer than 4,096 bytes");
    BOOST_TEST(!looks_signed(token));
}

BOOST_AUTO_TEST_CASE(tokens_of_sessions_do_not_look_signed)
{
    BOOST_TEST(looks_signed(token_of(payload(R"("sub":7)"))));
    BOOST_TEST(looks_signed(token_of("{", R"({"alg":"none"})")));
    for (const auto* session : {"", "Zk7n2cJmXyVQ0oYbQF4rT1sW8uLpAe3gHdKiN6vBx5M", "a.b.c",
                                "2::0123.4567.89", "1|plain", "..", "e30..", "e30.e30"}) {
        BOOST_TEST(looks_signed(session) == (std::string_view(session) == "e30.."), session);
    }
}

BOOST_AUTO_TEST_SUITE_END()
