// Which keys are taken, and what the operator is told of the others.
#include "signed_tokens/base64url.hpp"
#include "signed_tokens/json.hpp"
#include "signed_tokens/keys.hpp"
#include "tests/signed_tokens/signing.hpp"
#include "tests/signed_tokens/vectors.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace signed_tokens;
using namespace signed_tokens::testing;

namespace {

std::string why_not(const std::string& json)
{
    const auto all = keys::parse(json);
    return all ? "taken" : all.error().why;
}

// With one member replaced, or taken out.
std::string with(const std::string& key, const std::string& member, const std::string& value)
{
    auto jwk = *parse_object(key);
    if (value.empty()) {
        jwk.erase(member);
    } else {
        jwk[member] = value;
    }
    std::string out;
    for (const auto& m : jwk) {
        out += (out.empty() ? "{\"" : ",\"") + std::string(m.key()) + "\":\"" +
               std::string(m.value().as_string()) + '"';
    }
    return key_set(out + '}');
}

bool says(const std::string& why, std::string_view words)
{
    BOOST_TEST_INFO(why);
    return why.find(words) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(keys_)

BOOST_AUTO_TEST_CASE(base64url_has_one_text_for_each_value)
{
    BOOST_TEST(*base64url_decoded("") == "");
    BOOST_TEST(*base64url_decoded("Zg") == "f"); // RFC 4648, section 10, without padding
    BOOST_TEST(*base64url_decoded("Zm8") == "fo");
    BOOST_TEST(*base64url_decoded("Zm9v") == "foo");
    BOOST_TEST(*base64url_decoded("Zm9vYg") == "foob");
    BOOST_TEST(*base64url_decoded("-_-_") == "\xfb\xff\xbf");
    for (const auto* bad :
         {"Z", "Zg=", "Zg==", "Zh", "Zm9", "Z g", "Zg\n", "+/+/", "Zm9vY", "\xc3\xa4"}) {
        BOOST_TEST(!base64url_decoded(bad), bad);
    }
    for (int i = 0; i < 256; ++i) {
        const std::string one(1, static_cast<char>(i));
        BOOST_TEST((base64url_decoded(base64url(one)) == one));
    }
}

BOOST_AUTO_TEST_CASE(json_that_can_be_read_in_two_ways_is_none)
{
    BOOST_TEST(parse_object(R"({"a":[{"b":1},{"b":2}]})").has_value());
    for (const auto* bad :
         {"", "[]", "1", "{", R"({"a":1}x)", R"({"a":1,"a":1})", R"({"a":1,"\u0061":2})",
          R"({"o":{"b":1,"b":2}})", R"({"l":[{"b":1,"b":2}]})", "{\"a\":\"\xff\"}",
          R"({"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}})", "{\"a\":1,}", "{'a':1}",
          "{\"a\":1}//"}) {
        BOOST_TEST(!parse_object(bad), bad);
    }
}

BOOST_AUTO_TEST_CASE(each_kind_of_key_is_taken)
{
    const auto all =
        keys::parse(key_set(std::string(a1_key) + "," + a2_key + "," + a4_key + "," + shop_key));
    BOOST_REQUIRE(all.has_value());
    BOOST_TEST(all->size() == 4u);
    BOOST_TEST(all->find("a2")->is_for("RS256"));
    BOOST_TEST(!all->find("a2")->is_for("HS256"));
    BOOST_TEST(all->find("a4")->is_for("EdDSA"));
    BOOST_TEST(all->find("shop")->is_for("HS256"));
    for (const auto* alg : {"none", "", "hs256", "HS512", "RS256"}) {
        BOOST_TEST(!all->find("shop")->is_for(alg));
    }
    BOOST_TEST(all->find("SHOP") == nullptr);
    BOOST_TEST(all->find("") == nullptr);
    BOOST_TEST(all->find(std::nullopt) == nullptr); // of which?
}

BOOST_AUTO_TEST_CASE(the_vectors_of_the_specifications_are_verified)
{
    for (const auto& [jwk, token] :
         {std::pair(a1_key, a1_token), {a2_key, a2_token}, {a4_key, a4_token}}) {
        const auto k = key::from(*parse_object(jwk));
        const std::string_view all = token;
        const auto text = all.substr(0, all.rfind('.'));
        const auto signature = *base64url_decoded(all.substr(all.rfind('.') + 1));
        BOOST_TEST_CONTEXT(jwk)
        {
            BOOST_REQUIRE(k.has_value());
            BOOST_TEST(k->verifies(text, signature));
            BOOST_TEST(!k->verifies(std::string(text) + "A", signature));
            BOOST_TEST(!k->verifies(text, signature + '\0'));
            BOOST_TEST(!k->verifies(text, signature.substr(1)));
            BOOST_TEST(!k->verifies(text, ""));
            for (const std::size_t at :
                 {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
                auto other = signature;
                other[at] = static_cast<char>(other[at] ^ 1);
                BOOST_TEST(!k->verifies(text, other));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_used_is_told_in_words)
{
    const std::string short_secret = base64url("31 bytes are one byte too few..");
    BOOST_TEST(says(why_not("no json"), "it is no JSON Web Key Set"));
    BOOST_TEST(says(why_not(R"({"keys":{}})"), "it is no JSON Web Key Set"));
    BOOST_TEST(says(why_not(shop_key), "it is no JSON Web Key Set"));
    BOOST_TEST(says(why_not(key_set("")), "it holds 0 keys"));
    BOOST_TEST(says(why_not(key_set("7")), "key 1 of it: it is no object"));
    BOOST_TEST(
        says(why_not(key_set(shop_key + "," + shop_key)), "key 2 of it: its kid is another"));
    BOOST_TEST(says(why_not(with(shop_key, "kid", "")), "it has no kid"));
    BOOST_TEST(says(why_not(with(shop_key, "kty", "EC")), "its kty is not"));
    BOOST_TEST(says(why_not(with(shop_key, "alg", "RS256")), "its alg is not the one"));
    BOOST_TEST(says(why_not(with(shop_key, "alg", "none")), "its alg is not the one"));
    BOOST_TEST(says(why_not(with(shop_key, "use", "enc")), "its use is not sig"));
    BOOST_TEST(says(why_not(with(shop_key, "k", short_secret)), "32 bytes or more"));
    BOOST_TEST(says(why_not(with(shop_key, "k", "")), "a secret needs k"));
    BOOST_TEST(says(why_not(with(a2_key, "d", "AAAA")), "it is a private key"));
    BOOST_TEST(says(why_not(with(a2_key, "n", "AQAB")), "an RSA key of 17 bits"));
    BOOST_TEST(
        says(why_not(with(a2_key, "n", base64url(std::string(255, '\x81')))), "of 2040 bits"));
    BOOST_TEST(
        says(why_not(with(a2_key, "n", base64url(std::string(1025, '\x81')))), "of 8200 bits"));
    BOOST_TEST(
        says(why_not(with(a2_key, "n", base64url(std::string(9000, '\x81')))), "needs n and e"));
    BOOST_TEST(says(why_not(with(a2_key, "e", "AQ")), "the e of an RSA key"));
    BOOST_TEST(says(why_not(with(a2_key, "e", "Ag")), "the e of an RSA key"));
    BOOST_TEST(says(why_not(with(a2_key, "e", "AAAAAQAAAAAB")), "the e of an RSA key"));
    BOOST_TEST(says(why_not(with(a2_key, "e", "")), "needs n and e"));
    BOOST_TEST(says(why_not(with(a4_key, "crv", "Ed448")), "only crv Ed25519"));
    BOOST_TEST(says(why_not(with(a4_key, "x", "AAAA")), "an Ed25519 key needs x"));
    BOOST_TEST(says(why_not(with(a4_key, "d", "AAAA")), "it is a private key"));
}

BOOST_AUTO_TEST_CASE(a_private_key_is_told_in_whatever_form_it_comes)
{
    for (const auto* member : {"d", "p", "q", "dp", "dq", "qi", "oth"}) {
        BOOST_TEST(says(why_not(with(a2_key, member, "AAAA")), "it is a private key"), member);
    }
    BOOST_TEST(says(why_not(with(a4_key, "d", "AAAA")), "it is a private key"));
    auto ec = *parse_object(a4_key); // of a kind that is not taken, without a name
    ec["kty"] = "EC";
    ec["d"] = "AAAA";
    ec.erase("kid");
    BOOST_TEST(says(key::from(ec).error().why, "it is a private key"));
    ec["kty"] = "OKP";
    BOOST_TEST(says(why_not(R"({"kty":"OKP","d":"AAAA"})"), "it is a private key"));
    for (const std::string kind : {"", "RSA ", "EC ", "ENCRYPTED "}) {
        BOOST_TEST(says(why_not("-----BEGIN " + kind + "PRIVATE KEY-----\nAAAA\n-----END " + kind +
                                "PRIVATE KEY-----\n"),
                        "it is a private key in PEM"),
                   kind);
    }
    BOOST_TEST(says(why_not("-----BEGIN PUBLIC KEY-----\nAAAA\n"),
                    "it is PEM; a JSON Web Key Set is expected"));
    BOOST_TEST(says(why_not(a4_key), "it is no JSON Web Key Set but one key"));
    // What signs a token with this secret is what everybody has.
    const std::string pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n";
    BOOST_TEST(says(why_not(with(shop_key, "k", base64url(pem))), "its k is a key in PEM"));
}

// Failed before: nobody said a word.
BOOST_AUTO_TEST_CASE(a_file_that_everybody_may_use_is_told)
{
    namespace fs = std::filesystem;
    const fs::path file =
        fs::temp_directory_path() / ("pollster_exposed_" + std::to_string(::getpid()));
    const auto told = [&](const std::string& content, unsigned mode) {
        fs::remove(file);
        std::ofstream(file) << content;
        fs::permissions(file, static_cast<fs::perms>(mode));
        const auto all = keys::read(file);
        return !all             ? all.error().why
               : all->exposed() ? all->exposed()->what + " / " + all->exposed()->todo
                                : "";
    };
    const auto secret_too = key_set(std::string(a4_key) + "," + shop_key);
    for (const unsigned mode : {0604U, 0644U, 0606U, 0647U, 0641U, 0642U}) {
        const auto said = told(secret_too, mode);
        BOOST_TEST(says(said, file.string() + " holds a secret"));
        BOOST_TEST(says(said, "chmod o= " + file.string()));
    }
    for (const unsigned mode : {0600U, 0640U, 0660U, 0400U}) {
        BOOST_TEST(told(secret_too, mode) == "");
    }
    const auto of_the_public = key_set(std::string(a2_key) + "," + a4_key);
    BOOST_TEST(told(of_the_public, 0644) == "");
    BOOST_TEST(says(told(of_the_public, 0646), "lets everybody on this host write keys into it"));
    const auto a_private = with(a4_key, "d", "AAAA");
    BOOST_TEST(says(told(a_private, 0644), "open it: make another"));
    BOOST_TEST(!says(told(a_private, 0640), "make another"));
    const std::string pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n";
    BOOST_TEST(says(told(pem, 0644), "open it: make another"));
    fs::remove(file);
}

BOOST_AUTO_TEST_CASE(a_file_is_named_in_what_is_wrong_with_it)
{
    namespace fs = std::filesystem;
    const fs::path folder =
        fs::temp_directory_path() / ("pollster_keys_" + std::to_string(::getpid()));
    fs::create_directories(folder);
    const auto file = folder / "keys.json";
    BOOST_TEST(says(keys::read(file).error().why, file.string() + " cannot be read: No such file"));
    BOOST_TEST(says(keys::read(folder).error().why, "cannot be read: it is a folder"));
    BOOST_TEST_REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    BOOST_TEST(
        says(keys::read(folder / "pipe").error().why, "cannot be read: it is no regular file"));
    std::ofstream(file) << key_set(shop_key) << '\n';
    BOOST_TEST(keys::read(file)->size() == 1u);
    BOOST_TEST((*keys::read(file) == *keys::read(file)));
    std::ofstream(file) << with(shop_key, "k", "AAAA");
    BOOST_TEST(says(keys::read(file).error().why, file.string() + " cannot be used: "));
    std::ofstream(file) << std::string(keys::largest_file + 1, ' ');
    BOOST_TEST(says(keys::read(file).error().why, "is larger than 1 MiB"));
    fs::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()
