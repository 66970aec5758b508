#include "tests/fcgi_app/cli/shell.hpp"

using namespace pollster;
using namespace pollster::cli;

BOOST_FIXTURE_TEST_SUITE(walls_, cli::testing::shell)

BOOST_AUTO_TEST_CASE(a_wall_is_added)
{
    BOOST_TEST(output({"wall", "add", "Kitchen"}) == "added wall \"Kitchen\", #17\n");
    BOOST_TEST(last_asked() == "add_wall Kitchen chat");
    output({"wall", "add", "Kitchen", "--kind", "board"});
    BOOST_TEST(last_asked() == "add_wall Kitchen board");
    output({"wall", "add", "two words"});
    BOOST_TEST(last_asked() == "add_wall two words chat");
}

BOOST_AUTO_TEST_CASE(a_wall_is_renamed)
{
    BOOST_TEST(output({"wall", "rename", "#17", "Canteen"}) ==
               "renamed wall \"#17\" to \"Canteen\"\n");
    BOOST_TEST(last_asked() == "rename_wall #17 Canteen");
}

BOOST_AUTO_TEST_CASE(a_wall_is_removed_only_for_sure)
{
    misuse({"wall", "remove", "Kitchen"},
           "removing a wall deletes its posts for ever; add --yes to do it");
    BOOST_TEST(output({"wall", "remove", "Kitchen", "--yes"}) ==
               "removed wall \"Kitchen\" with its posts\n");
    BOOST_TEST(last_asked() == "remove_wall Kitchen");
}

BOOST_AUTO_TEST_CASE(a_wall_is_opened_to_everybody_and_closed_again)
{
    BOOST_TEST(output({"wall", "open", "Kitchen"}) == "everybody may read wall \"Kitchen\"\n");
    BOOST_TEST(last_asked() == "open_wall Kitchen open");
    BOOST_TEST(output({"wall", "close", "Kitchen"}) ==
               "only its members may read wall \"Kitchen\"\n");
    BOOST_TEST(last_asked() == "open_wall Kitchen closed");
    refusal_is_told({"wall", "open", "Kitchen"});
}

BOOST_AUTO_TEST_CASE(walls_are_a_table)
{
    BOOST_TEST(output({"wall", "list"}) == "ID  NAME  KIND  NEWEST  MEMBERS\n");
    database.walls = {{walls::wall_id{1}, "General", "chat", walls::entry_id{56}, {"ann", "bob"}},
                      {walls::wall_id{17}, "Küche\xe2\x80\xae", "board", walls::entry_id{0}, {}}};
    BOOST_TEST(output({"wall", "list"}) == "ID   NAME           KIND   NEWEST  MEMBERS\n"
                                           "#1   General        chat   56      ann, bob\n"
                                           "#17  Küche<U+202E>  board  0       \n");
}

BOOST_AUTO_TEST_CASE(memberships_are_granted_and_revoked)
{
    database.changed = 2;
    BOOST_TEST(output({"grant", "Kitchen", "ann", "bob"}) ==
               "granted 2 memberships of wall \"Kitchen\"\n");
    BOOST_TEST(last_asked() == "grant Kitchen ann bob");
    database.changed = 1;
    BOOST_TEST(output({"revoke", "Kitchen", "ann"}) ==
               "revoked 1 membership of wall \"Kitchen\"\n");
    BOOST_TEST(last_asked() == "revoke Kitchen ann");
    database.changed = 0;
    BOOST_TEST(output({"grant", "Kitchen", "ann"}) ==
               "granted 0 memberships of wall \"Kitchen\"\n");
}

BOOST_AUTO_TEST_CASE(what_the_database_refuses_is_told)
{
    refusal_is_told({"wall", "add", "Kitchen"});
    refusal_is_told({"wall", "rename", "Kitchen", "Canteen"});
    refusal_is_told({"wall", "remove", "Kitchen", "--yes"});
    refusal_is_told({"wall", "list"});
    refusal_is_told({"grant", "Kitchen", "ann"});
    refusal_is_told({"revoke", "Kitchen", "ann"});
}

BOOST_AUTO_TEST_SUITE_END()
