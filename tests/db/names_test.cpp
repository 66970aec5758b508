// Which names are refused and why, and which look alike.
#include "db/names.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace {

std::string why(std::string_view name)
{
    return db::fault_in_name(db::composed(name)).value_or("fine");
}

bool alike(std::string_view a, std::string_view b)
{
    return db::look_of(a) == db::look_of(b);
}

} // namespace

BOOST_AUTO_TEST_SUITE(names_)

BOOST_AUTO_TEST_CASE(names_of_the_world_are_fine)
{
    for (const auto name :
         {"ann", "Ann O'Neill-Smith, Jr.", "Łukasz", "Иван Петров", "Μαρία", "محمد علي", "דָּוִד",
          "ไพโรจน์", "नरेन्द्र", "李小龍", "さくら 2", "김철수", "☕ Coffee", "R&D (EU) #3", "e\u0301a",
          "👩", "Проект Alpha", "१२", "x"}) {
        BOOST_TEST(why(name) == "fine", name);
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_seen_or_turns_the_text_is_named)
{
    BOOST_TEST(why("an\u200bn") == "has U+200B ZERO WIDTH SPACE, which cannot be seen.");
    BOOST_TEST(
        why("\u202ennA") ==
        "has U+202E RIGHT-TO-LEFT OVERRIDE, which changes the direction of the text around it.");
    BOOST_TEST(why("a\u00a0b") == "has U+00A0 NO-BREAK SPACE; the only space in a name is U+0020.");
    BOOST_TEST(why("a\nb").starts_with("has the control character U+000A"));
    BOOST_TEST(why("\ue000").starts_with("has U+E000, a private character"));
    BOOST_TEST(why("\u0378").starts_with("has U+0378, which is no character of Unicode"));
    for (const auto name :
         {"a\u00adb",     "a\u034fb",     "\u061ca",      "a\u115fb",     "a\u17b4b",
          "a\u180eb",     "a\u200cb",     "a\u200db",     "a\u200e",      "a\u200f",
          "a\u2028b",     "a\u2029b",     "a\u202ab",     "a\u2060b",     "a\u2061b",
          "a\u2066b",     "a\u2069b",     "\u2800",       "a\u3164b",     "a\ufe0fb",
          "\ufeffa",      "a\uffa0b",     "a\ufff9b",     "a\ufffcb",     "a\ufffdb",
          "a\U000e0041b", "a\U0001d159b", "a\U0001d173b", "a\U000f0000b", "a\U0010fffdb",
          "a\u1680b",     "a\u2003b",     "a\u202fb",     "a\u205fb",     "a\u3000b",
          "a\u0085b",     "a\u007fb",     "a\u001bb",     "a\ufdd0b",     "a\U0001ffffb"}) {
        BOOST_TEST(why(name) != "fine", db::shown(name));
    }
}

BOOST_AUTO_TEST_CASE(spaces_and_marks_stand_where_they_belong)
{
    BOOST_TEST(why(" a") == "begins with a space.");
    BOOST_TEST(why("a ") == "ends with a space.");
    BOOST_TEST(why("a  b") == "has two spaces, one after the other.");
    BOOST_TEST(why(" ") == "begins with a space.");
    BOOST_TEST(why("") == "is empty.");
    BOOST_TEST(
        why("\u0301") ==
        "has U+0301 COMBINING ACUTE ACCENT, which belongs on a letter, without one before it.");
    BOOST_TEST(why("a \u0301") != "fine");
    BOOST_TEST(why("x\u0316\u0317\u0318\u0319") == "fine");
    BOOST_TEST(
        why("x\u0316\u0317\u0318\u0319\u031c").ends_with("as the fifth mark on one letter."));
}

BOOST_AUTO_TEST_CASE(twins_in_any_script_or_form_look_alike)
{
    for (const auto twin : {"\u0430nn", "an\u0578", "\uff41nn", "\U0001d41ann", "an\u200bn",
                            " ann ", "\u202eann", "a\u00adnn", "\u0251nn"}) {
        BOOST_TEST(alike("ann", twin), db::shown(twin));
    }
    BOOST_TEST(alike("Peter", "\u0420\u0435ter"));
    BOOST_TEST(alike("\u00fcber", "u\u0308ber"));
    BOOST_TEST(alike("General chat", "General\u00a0chat"));
    BOOST_TEST(alike("b0b", "bOb"));
    for (const auto other : {"Ann", "anna", "\u00e1nn", "an n", "bnn", "nan"}) {
        BOOST_TEST(!alike("ann", other), other);
    }
}

BOOST_AUTO_TEST_CASE(all_spellings_of_a_name_are_tried_the_typed_one_first)
{
    const auto from_nfd = db::spellings("Zoe\u0308");
    BOOST_TEST(from_nfd[0] == "Zoe\u0308");
    BOOST_TEST(from_nfd[1] == "Zo\u00eb");
    const auto from_nfc = db::spellings("Zo\u00eb");
    BOOST_TEST(from_nfc[1] == "Zo\u00eb");
    BOOST_TEST(from_nfc[2] == "Zoe\u0308");
    for (const auto& s : db::spellings("\xff\xc3")) {
        BOOST_TEST(s == "\xff\xc3");
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_seen_is_shown)
{
    BOOST_TEST(db::shown("ann") == "ann");
    BOOST_TEST(db::shown("\u202ennA\x1b[2J") == "<U+202E>nnA<U+001B>[2J");
}

BOOST_AUTO_TEST_SUITE_END()
