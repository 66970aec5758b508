// Who may read is asked in the statement that reads: whatever a server remembers, a post that was
// committed after a revocation is not read by whom it concerns.
#include "tests/db/store_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

struct fixture : store_fixture {
    // What history, search, the list of walls and a read mark say to this reader of wall 1, in one
    // word each if they agree.
    std::string told(const db::reader& who)
    {
        const std::string all[] = {
            word_of(store->posts_before(who, walls::wall_id{1}, std::nullopt, 9)),
            word_of(store->search(who, {walls::wall_id{1}, "word", {}, 9})),
            word_of(store->mark_read(who, walls::wall_id{1}, walls::entry_id{1}))};
        const auto list = word_of(store->walls_of(who));
        BOOST_TEST(all[0] == all[1]);
        BOOST_TEST(all[0] == all[2]);
        return all[0] + ", list " + list;
    }
    template <class T>
    static std::string word_of(const walls::result<db::allowed<T>>& answer)
    {
        const auto* why = std::get_if<db::denied>(&answer.value());
        return why == nullptr                   ? "allowed"
               : *why == db::denied::signed_out ? "signed out"
                                                : "no member";
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(readers_, fixture)

BOOST_AUTO_TEST_CASE(a_revocation_counts_for_the_next_statement)
{
    post(1, 1, "word");
    const auto bob = reader(2);
    BOOST_TEST(told(bob) == "allowed, list allowed");
    sql("delete from pollster.memberships where user_id = 2 and wall_id = 1");
    BOOST_TEST(told(bob) == "no member, list allowed");
    BOOST_TEST(sql("select count(*) from pollster.read_marks where user_id = 2") == "1");
    sql("insert into pollster.memberships (user_id, wall_id) values (2, 1)");
    sql("update pollster.users set disabled = true where id = 2");
    BOOST_TEST(told(bob) == "signed out, list signed out");
    sql("update pollster.users set disabled = false where id = 2");
    BOOST_TEST(told(bob) == "allowed, list allowed");
    sql("update pollster.sessions set expires_at = now() where user_id = 2");
    BOOST_TEST(told(bob) == "signed out, list signed out");
    BOOST_TEST(told({reader(1).session_id, walls::user_id{2}}) == "signed out, list signed out");
    BOOST_TEST(told({"", walls::user_id{1}}) == "signed out, list signed out");
    const auto cleo = reader(3);
    BOOST_TEST(store->sign_out(cleo.session_id).value());
    BOOST_TEST(told(cleo) == "signed out, list signed out");
    // A wall that is gone is nobody's, even if an application leaves its memberships behind.
    const auto ann = reader(1);
    sql("set session_replication_role = replica; delete from pollster.walls where id = 1");
    BOOST_TEST(told(ann) == "no member, list allowed");
}

BOOST_AUTO_TEST_SUITE_END()
