// Who a token stands for: which ones are judged here, which ones the database is asked about, and
// what becomes of both when the keys change.
#include "fcgi_app/signed_access.hpp"
#include "tests/fibers/in_loop.hpp"
#include "tests/signed_tokens/signing.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/test/unit_test.hpp>

using namespace signed_tokens::testing;

namespace {

class fake_sessions final : public db::sessions {
public:
    std::vector<std::string> tokens; // asked for
    std::vector<db::named> named;
    int guests = 0;
    bool down = false;

    walls::result<std::vector<walls::identity_ptr>>
    find_identities(std::span<const std::string> asked) override
    {
        tokens.insert(tokens.end(), asked.begin(), asked.end());
        std::vector<walls::identity_ptr> found;
        for (const auto& token : asked) {
            if (token.empty()) {
                found.push_back(nullptr);
                continue;
            }
            auto who = std::make_shared<walls::identity>();
            who->user = walls::user_id{5};
            who->token = token;
            found.push_back(who);
        }
        return found;
    }
    walls::result<std::vector<std::shared_ptr<walls::identity>>>
    find_named(std::span<const db::named> asked) override
    {
        named.insert(named.end(), asked.begin(), asked.end());
        if (down) {
            return walls::db_error{walls::db_error_kind::unavailable, "down"};
        }
        std::vector<std::shared_ptr<walls::identity>> found;
        for (const auto& one : asked) {
            found.push_back(one.user == walls::user_id{9} ? nullptr
                                                          : std::make_shared<walls::identity>());
            if (found.back()) {
                found.back()->user = one.user.value_or(walls::guest);
            }
        }
        return found;
    }
    walls::result<walls::identity_ptr> find_guest() override
    {
        ++guests;
        auto who = std::make_shared<walls::identity>();
        who->by = walls::grounds::open_walls;
        return who;
    }
    walls::result<std::optional<db::signed_in>> sign_in(const std::string&, const std::string&,
                                                        const std::string&) override
    {
        return std::optional<db::signed_in>();
    }
    walls::result<bool> sign_out(const std::string&) override { return false; }
};

signed_tokens::rules shop()
{
    return {std::make_shared<const signed_tokens::keys>(
                signed_tokens::keys::parse(key_set(shop_key)).value()),
            {}};
}

std::string token_for(const std::string& claims, int left = 3600)
{
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return token_of(R"({"exp":)" + std::to_string((now.time_since_epoch().count()) + left) + "," +
                    claims + "}");
}

struct fixture {
    fake_sessions stored;
    pollster::signed_access access{stored, shop()};

    std::vector<walls::identity_ptr> find(const std::vector<std::string>& tokens)
    {
        return access.find_identities(tokens).value();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(signed_access_, fixture)

BOOST_AUTO_TEST_CASE(each_kind_of_token_is_answered_in_its_place)
{
    const std::vector<std::string> tokens{"session 1",
                                          token_for(R"("sub":7)"),
                                          "",
                                          token_for(R"("sub":7)", -1),
                                          token_for(R"("walls":[2,1])"),
                                          "session 2",
                                          token_for(R"("sub":9)")};
    const auto found = find(tokens);
    BOOST_REQUIRE(found.size() == tokens.size());
    BOOST_TEST((stored.tokens == std::vector<std::string>{"session 1", "", "session 2"}));
    for (const std::size_t session : {0U, 5U}) {
        BOOST_TEST((found[session]->user == walls::user_id{5}));
        BOOST_TEST(found[session]->token == tokens[session]);
    }
    BOOST_REQUIRE(stored.named.size() == 3u);
    BOOST_TEST((stored.named[0].user == walls::user_id{7} && !stored.named[0].walls));
    BOOST_TEST(!stored.named[1].user);
    BOOST_TEST((stored.named[1].walls == std::vector{walls::wall_id{1}, walls::wall_id{2}}));
    BOOST_TEST((found[1]->user == walls::user_id{7}));
    BOOST_TEST(found[1]->token == tokens[1]);
    BOOST_TEST((found[2] == nullptr)); // no token is nobody's, and no guest's
    BOOST_TEST(stored.guests == 0);
    BOOST_TEST((access.find_guest().value()->by == walls::grounds::open_walls));
    BOOST_TEST((found[3] == nullptr)); // expired: nobody is asked
    BOOST_TEST(found[4]->token == tokens[4]);
    BOOST_TEST((found[6] == nullptr)); // nobody of this id
}

BOOST_AUTO_TEST_CASE(it_ends_with_its_token)
{
    const auto began = std::chrono::steady_clock::now();
    const auto found = find({token_for(R"("sub":7)", 100)});
    BOOST_TEST((found[0]->ends > began + std::chrono::seconds(98)));
    BOOST_TEST((found[0]->ends <= std::chrono::steady_clock::now() + std::chrono::seconds(100)));
    BOOST_TEST((found[0]->expires > std::chrono::system_clock::now()));
    // The year 9999 is more than a clock of nanoseconds holds.
    BOOST_TEST((find({token_of(R"({"exp":253402300799,"sub":7})")})[0]->ends >
                began + std::chrono::years(50)));
}

BOOST_AUTO_TEST_CASE(without_keys_all_are_sessions)
{
    BOOST_TEST(access.change({}));
    BOOST_TEST(!access.change({}));
    const auto token = token_for(R"("sub":7)");
    find({token});
    BOOST_TEST((stored.tokens == std::vector{token}));
    BOOST_TEST(stored.named.empty());
    BOOST_TEST(access.change(shop()));
    BOOST_TEST(!access.change(shop()));
    auto other = shop();
    other.must.issuer = "shop";
    BOOST_TEST(access.change(other));
    BOOST_TEST((find({token})[0] == nullptr));
}

BOOST_AUTO_TEST_CASE(an_error_of_the_database_is_none_of_the_token_s)
{
    stored.down = true;
    const std::vector<std::string> tokens{token_for(R"("sub":7)")};
    BOOST_TEST(access.find_identities(tokens).error().why == "down");
    BOOST_TEST((find({token_for(R"("sub":7)", -1)})[0] == nullptr));
}

BOOST_AUTO_TEST_CASE(others_run_between_signatures_and_may_take_the_keys_away)
{
    fibers::testing::in_loop([&](fibers::reactor&) {
        std::vector<std::string> tokens;
        for (int i = 0; i < 20; ++i) {
            tokens.push_back(token_for(R"("sub":7,"x":)" + std::to_string(i)));
        }
        bool ran = false;
        boost::fibers::fiber other([&] {
            ran = stored.named.empty(); // nobody was asked yet
            access.change({});
        });
        const auto found = find(tokens);
        other.join();
        BOOST_TEST(ran);
        BOOST_TEST((found.front() != nullptr && found.back() != nullptr));
        find({tokens.front()});
        BOOST_TEST(
            (stored.tokens == std::vector{tokens.front()})); // no session's, but no key says so
    });
}

BOOST_AUTO_TEST_SUITE_END()
