// Stored passwords of every accepted kind, crafted ones, and what must not match.
#include "passwords/hash.hpp"
#include "passwords/sha256.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace passwords;

namespace {

// Of "secret pass"; made by libxcrypt.
const std::vector<std::string> of_secret_pass{
    "$2a$04$iaQA3DCwdn6Z.N2q401/oeD/UnBz5yL9DSSp5D27cf3xMsi9wKvZS",
    "$2b$04$kMCzhKGsYJAZjbhwwmMecugA4KyujnqNy.caFBt.fQ3TY5qFDRGgG",
    "$2y$04$BZ3PqzMcByebvVZ78pQJfe3Rm6iPykREMoT94G6uEwIr8QPwjXe6G",
    "$5$i.SNQmIsG71Nj8gu$dyv5lk9RB1F99Rr0QknLEs8QwXzJrrW4Z8ATZvi/0oA",
    "$6$C7qd/TMRVW0EJ1b5$kAeW/Ez/nJRO6h3cCgTP6j4BXPXPxhO/to6JusRDYMDM8.I3de4/"
    ".hjN407sDu7sBZTO6lyi8Hbp3OQHJ1PW//",
    "$y$j9T$j/vq0X9IOifyb/IRMaIvF.$mnxQ5XImGQBS9ATRa2qmzLI29tpQ6UpRzrtURyIE0i6",
    "$gy$j9T$.RolJHc/HE.RwcwkxFFGZ.$n7dpU9xb.uh0YxjHz6NjevfXOpRtn7RWJ2H9xqZOQt/",
    "$7$CU..../....kY.r.YEGwQiSQrRT.peIe/$y1DaFPjEECge/z2mkzCLmQW/E1KjKcIGrXJNWQ0inqB"};

const std::string bcrypt_tail = "abcdefghijklmnopqrstuuLrYmBo0ZPOwSNfUNLTgNlUgSiCgHyQ2";

} // namespace

BOOST_AUTO_TEST_SUITE(hash_)

BOOST_AUTO_TEST_CASE(every_kind_that_counts_is_verified)
{
    for (const auto& stored : of_secret_pass) {
        BOOST_TEST_CONTEXT(stored)
        {
            BOOST_TEST(work_of(stored).has_value());
            BOOST_TEST(verify("secret pass", stored, ""));
            BOOST_TEST(!verify("secret pasS", stored, ""));
            BOOST_TEST(!verify("", stored, ""));
            // What fits another's hash is no way in.
            BOOST_TEST(!verify("secret pass", "", stored));
            BOOST_TEST(!verify("secret pass", "not a hash", stored));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_new_hash_is_bcrypt_with_a_salt_of_its_own)
{
    const auto one = make("secret pass");
    const auto two = make("secret pass");
    BOOST_TEST(one.starts_with("$2b$10$"));
    BOOST_TEST(one != two);
    BOOST_TEST(verify("secret pass", one, ""));
    BOOST_TEST(!verify("secret pas", two, ""));
    BOOST_TEST(work_of(one).value() == work_of(usual_stand_in).value());
}

BOOST_AUTO_TEST_CASE(what_bcrypt_does_not_read_does_not_fit)
{
    const std::string longest(72, 'p');
    const auto stored = make(longest);
    BOOST_TEST(verify(longest, stored, ""));
    BOOST_TEST(!verify(longest + "x", stored, ""));
    BOOST_TEST(!verify(longest + longest, stored, ""));
    BOOST_TEST(!verify(longest + std::string(1, '\0'), stored, ""));
    BOOST_TEST(!verify(std::string(100'000, 'p'), stored, ""));
    const auto word = make("word");
    BOOST_TEST(!verify(std::string("word\0", 5), word, ""));
    BOOST_TEST(!verify(std::string("word\0word", 9), word, ""));
    // Of a hash that reads them all, they may be longer.
    BOOST_TEST(verify(std::string(100, 'l'),
                      "$6$rounds=1000$salt$xQ.pi3SKf0g.crPOZteHdceEZFeb4aCJBwA/qB/"
                      "0OiL2W5Bl32RBmaqHFSZyGDQ3E5AMEmtH6vhK4YwP79kgi.",
                      ""));
    BOOST_TEST(!verify(std::string(101, 'l'),
                       "$6$rounds=1000$salt$xQ.pi3SKf0g.crPOZteHdceEZFeb4aCJBwA/qB/"
                       "0OiL2W5Bl32RBmaqHFSZyGDQ3E5AMEmtH6vhK4YwP79kgi.",
                       ""));
}

BOOST_AUTO_TEST_CASE(a_hash_that_would_hold_a_thread_for_minutes_is_not_verified)
{
    const std::string sha(86, 'a');
    for (const std::string& crafted : std::vector<std::string>{
             "$2b$31$" + bcrypt_tail, "$2a$15$" + bcrypt_tail, "$2y$99$" + bcrypt_tail,
             "$6$rounds=999999999$salt$" + sha, "$6$rounds=10000000$salt$" + sha,
             "$5$rounds=999999999$salt$" + std::string(43, 'a'),
             "$y$jZT$LdJMENpBABJJ3hIHjB1Bi.$" + std::string(43, 'a'),
             "$y$j9TzA$LdJMENpBABJJ3hIHjB1Bi.$" + std::string(43, 'a'),
             "$y$jFz$LdJMENpBABJJ3hIHjB1Bi.$" + std::string(43, 'a'),
             "$7$U..../..../salt$" + std::string(43, 'a'),
             "$7$Czzzzz..../salt$" + std::string(43, 'a'),
             "$7$C..../zzzzzsalt$" + std::string(43, 'a')}) {
        BOOST_TEST(!work_of(crafted), crafted);
        BOOST_TEST(to_run(crafted, "") == usual_stand_in, crafted);
    }
    BOOST_TEST(work_of("$2b$14$" + bcrypt_tail).has_value());
    BOOST_TEST(work_of("$6$rounds=1000000$salt$" + sha).has_value());
}

// Whatever is stored, one whole hash is computed: that of the user, or one that somebody has.
BOOST_AUTO_TEST_CASE(nobody_and_every_unusable_hash_cost_what_the_stand_in_costs)
{
    const std::string& theirs = of_secret_pass.front();
    const std::string sha(86, 'a');
    for (const std::string& stored :
         std::vector<std::string>{std::string(),
                                  std::string("*"),
                                  std::string("!"),
                                  std::string("x"),
                                  std::string("not bcrypt"),
                                  std::string("$2a$10$"),
                                  "$2b$4$" + bcrypt_tail,
                                  "$2b$04$" + bcrypt_tail + "x",
                                  "$2b$04$" + bcrypt_tail.substr(1),
                                  "$2c$04$" + bcrypt_tail,
                                  "$2b$03$" + bcrypt_tail,
                                  "$2b$+4$" + bcrypt_tail,
                                  "$2b$04$" + std::string(53, '~'),
                                  "$6$rounds=0$salt$" + sha,
                                  "$6$rounds=5000x$salt$" + sha,
                                  "$6$rounds=$salt$" + sha,
                                  "$6$rounds=05000$salt$" + sha,
                                  "$6$rounds=999$salt$" + sha,
                                  "$6$salt$" + sha + "a",
                                  "$6$a salt$" + sha,
                                  "$6$s:lt$" + sha,
                                  "$6$salt",
                                  std::string("$6$"),
                                  "$6$" + std::string(17, 's') + "$" + sha,
                                  std::string("$1$salt$qJH7.N4xYta3aEG/dfqo/0"),
                                  std::string("rl.3StKT.4T8M"),
                                  std::string("$y$"),
                                  std::string("$y$j9T$$"),
                                  std::string("$7$"),
                                  std::string("{SSHA}abc"),
                                  std::string(1'000'000, '$'),
                                  theirs + std::string(1, '\0')}) {
        BOOST_TEST(!work_of(stored), stored.substr(0, 100));
        BOOST_TEST(to_run(stored, theirs) == theirs, stored.substr(0, 100));
        BOOST_TEST(to_run(stored, stored) == usual_stand_in, stored.substr(0, 100));
    }
    BOOST_TEST(to_run(theirs, usual_stand_in) == theirs);
}

BOOST_AUTO_TEST_CASE(sha256_is_the_one_of_the_standard)
{
    BOOST_TEST(sha256_hex("abc") ==
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    BOOST_TEST(sha256_hex("") ==
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

BOOST_AUTO_TEST_SUITE_END()
