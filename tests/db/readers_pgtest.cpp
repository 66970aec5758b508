// The statement that reads or writes also checks whether the user may: whatever a server remembers,
// a user whose access was revoked reads no post committed afterwards, and writes none.
#include "tests/db/database_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

struct fixture : database_fixture {
    // What history, search, the list of walls and a read mark say to this reader of wall 1, in one
    // word each if they agree.
    std::string told(const db::reader& asker)
    {
        const std::string all[] = {
            word_of(posts().posts_before(asker, walls::wall_id{1}, std::nullopt, 9)),
            word_of(posts().search(asker, {walls::wall_id{1}, "word", {}, 9})),
            word_of(posts().mark_read(asker, walls::wall_id{1}, walls::entry_id{1}))};
        const auto list = word_of(posts().walls_of(asker));
        BOOST_TEST(all[0] == all[1]);
        BOOST_TEST(all[0] == all[2]);
        return all[0] + ", list " + list;
    }
    // What a post on wall 1, a post among others, an edit and a deletion of `own` say.
    std::string told_writing(const db::reader& asker, walls::post_id own)
    {
        const walls::wall_id wall{1};
        const std::vector<db::new_post> group{{wall, reader(3), "cleo's", {}},
                                              {wall, asker, "x", "key"},
                                              {wall, reader(3), "more", {}}};
        auto answers = posts().add_posts(group);
        BOOST_TEST(is_written(answers[0]));
        BOOST_TEST(is_written(answers[2]));
        const std::string all[] = {word_of(posts().add_post({wall, asker, "x", {}})),
                                   word_of(answers[1]),
                                   word_of(posts().change_post({wall, asker, own, "y", {}})),
                                   word_of(posts().change_post({wall, asker, own, {}, {}}))};
        for (const auto& one : all) {
            BOOST_TEST(one == all[0]);
        }
        return all[0];
    }
    template <class T>
    static std::string word_of(const db::answer<T>& answer)
    {
        if (answer) {
            return "allowed";
        }
        return is_denied(answer, db::denied::signed_out)  ? "signed out"
               : is_denied(answer, db::denied::no_member) ? "no member"
                                                          : why_not(answer);
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
    BOOST_TEST(sessions().sign_out(cleo.session_id).value());
    BOOST_TEST(told(cleo) == "signed out, list signed out");
    // A wall that is gone is nobody's, even if an application leaves its memberships behind.
    const auto ann = reader(1);
    sql("set session_replication_role = replica; delete from pollster.walls where id = 1");
    BOOST_TEST(told(ann) == "no member, list allowed");
}

// Failed before: only memberships and disabled users were asked for.
BOOST_AUTO_TEST_CASE(nor_is_anything_written_by_whose_session_has_ended)
{
    const auto own = written(post(1, 2, "bob's")).entry.post;
    const auto bob = reader(2);
    const auto nothing = [this, own] {
        return sql("select count(*) from pollster.posts where user_id = 2") == "1" &&
               sql("select body from pollster.posts where id = " + std::to_string(number(own))) ==
                   "bob's" &&
               sql("select count(*) from pollster.client_keys") == "0";
    };
    BOOST_TEST(told_writing({reader(3).session_id, walls::user_id{2}}, own) == "signed out");
    BOOST_TEST(told_writing({"", walls::user_id{2}}, own) == "signed out");
    sql("delete from pollster.memberships where user_id = 2 and wall_id = 1");
    BOOST_TEST(told_writing(bob, own) == "no member");
    sql("insert into pollster.memberships (user_id, wall_id) values (2, 1)");
    sql("update pollster.users set disabled = true where id = 2");
    BOOST_TEST(told_writing(bob, own) == "signed out");
    BOOST_TEST(!sessions().sign_out(bob.session_id).value());
    sql("update pollster.users set disabled = false where id = 2");
    BOOST_TEST(told_writing(bob, own) == "signed out");
    sql("insert into pollster.sessions (token_hash, user_id, created_at, expires_at) values "
        "(sha256('" +
        bob.session_id + "'), 2, now(), now())");
    BOOST_TEST(told_writing(bob, own) == "signed out");
    BOOST_TEST(nothing());
    sql("update pollster.sessions set expires_at = now() + interval '1 day' where user_id = 2");
    BOOST_TEST(told_writing(bob, own) == "allowed");
}

BOOST_AUTO_TEST_SUITE_END()
