// What a poll and a post must refuse, and what they must not be hurt by.
#include "tests/e2e/stack.hpp"

#include <boost/test/unit_test.hpp>

using namespace e2e;

namespace {

stack& shared()
{
    static stack s;
    return s;
}

std::string post_json(const std::string& body)
{
    return boost::json::serialize(boost::json::object{{"body", body}});
}

} // namespace

BOOST_AUTO_TEST_SUITE(bad_input_)

BOOST_AUTO_TEST_CASE(the_two_answers_of_a_poll_that_is_refused)
{
    const auto ann = shared().session_of("ann");
    const auto bob = shared().session_of("bob");
    const auto poll = [](const std::string& body) {
        return shared().api("POST", "/", body, form_header);
    };
    for (const auto& body :
         {poll_form("x", {{1, 0}}), std::string("last_post_id[1]=0"), std::string()}) {
        const auto r = poll(body);
        BOOST_TEST(r.status == 400);
        BOOST_TEST(r.body == R"({"errors":["Invalid user!"]})");
        BOOST_TEST(r.header("Set-Cookie").empty());
    }
    std::string many = "session_id=" + ann;
    for (int wall = 1; wall <= 10'000; ++wall) {
        many += "&last_post_id[" + std::to_string(wall) + "]=0";
    }
    for (const auto& body :
         {"session_id=" + ann, poll_form(ann, {{-1, 0}}), poll_form(ann, {{0, 0}}),
          poll_form(ann, {{1, -1}}), "session_id=" + ann + "&last_post_id[9223372036854775808]=0",
          "session_id=" + ann + "&last_post_id[1]=x",
          "session_id=" + ann + "&last_post_id[1]=0&last_post_id[1]=0",
          "session_id=" + ann + "&last_post_id[1]=%zz", poll_form(ann, {{999, 0}}),
          poll_form(bob, {{3, 0}})}) { // wall 3 is not bob's
        const auto r = poll(body);
        BOOST_TEST(r.status == 400);
        BOOST_TEST(r.body == R"({"errors":["Invalid parameters!"]})");
    }
    BOOST_TEST((poll(many).status == 400 ||
                poll(many).status == 413)); // 10,000 walls are more than fit or are allowed
}

BOOST_AUTO_TEST_CASE(posts_that_cannot_be_kept_are_refused)
{
    const auto ann = shared().session_of("ann");
    const auto status = [&](const std::string& body) {
        return shared().api("POST", "/walls/1/posts", body, json_of(ann)).status;
    };
    BOOST_TEST(status(post_json("")) == 422);
    BOOST_TEST(status(post_json(std::string(65'536, 'x'))) == 201);
    BOOST_TEST(status(post_json(std::string(65'537, 'x'))) == 413);
    BOOST_TEST(status(post_json(std::string("a\0b", 3))) == 422);
    BOOST_TEST(status("{\"body\":\"\xc3\x28\"}") >= 400);
    BOOST_TEST(status(std::string(10'000, '[') + std::string(10'000, ']')) == 400);
    BOOST_TEST(status(post_json("'); drop table pollster.posts; --")) == 201);
    BOOST_TEST(
        shared()
            .api("POST", "/walls/3/posts", post_json("x"), json_of(shared().session_of("bob")))
            .status == 403);
}

BOOST_AUTO_TEST_SUITE_END()
