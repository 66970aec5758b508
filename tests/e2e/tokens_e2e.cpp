// Tokens that an application signs in place of sessions, as an implementation of its own makes them
// (sign_tokens.py): users, guests, rotation, revocation. And walls that are open for reading.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>

using namespace e2e;
namespace fs = std::filesystem;

namespace {

const std::string shop = "shop:HS256";
const std::string desk = "desk:RS256";
const std::string app = "app:EdDSA";

const std::string invalid_user = R"(400 {"errors":["Invalid user!"]})";
const std::string sign_in = R"(401 {"errors":["Please sign in."]})";
const std::string only_reads = R"(403 {"errors":["This token is for reading only."]})";

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

// The application: its private keys, and the file that it hands to the chat.
class application {
public:
    application()
        : folder_(fs::temp_directory_path() /
                  ("pollster_application_" + std::to_string(::getpid())))
    {
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    ~application() { fs::remove_all(folder_); }

    std::string file() const { return folder_ / "keys.json"; }
    void publish(const std::vector<std::string>& keys) const
    {
        std::vector<std::string> words{"keys", folder_};
        words.insert(words.end(), keys.begin(), keys.end());
        write(signer(words));
    }
    void write(const std::string& content) const { std::ofstream(file()) << content; }
    std::string token(const std::string& key, const std::string& claims) const
    {
        auto made = signer({"sign", folder_, key, claims});
        made.erase(made.find_last_not_of('\n') + 1);
        return made;
    }

private:
    static std::string signer(std::vector<std::string> words)
    {
        words.insert(words.begin(),
                     {"/usr/bin/python3", source_folder() / "tests/e2e/sign_tokens.py"});
        const auto done = run(words);
        BOOST_TEST_REQUIRE(done.code == 0, done.output);
        return done.output;
    }

    fs::path folder_;
};

// Its keys first: the server reads them when it starts.
struct keys_published : application {
    keys_published() { publish({shop, desk, app}); }
};

struct fixture : keys_published {
    // The address' limits stay: a guest has no other.
    chat s{{{"token_keys", file()}, {"token_issuer", "https://shop.example"}}};

    std::string token(const std::string& claims, const std::string& key = shop) const
    {
        return application::token(key, R"({"iss":"https://shop.example",)" + claims + "}");
    }
    std::string said(const std::string& who, const call& c) const
    {
        return text_of(s.send(who.empty() ? c : signed_by(who, c)));
    }
    int status(const std::string& who, const call& c) const
    {
        return s.send(who.empty() ? c : signed_by(who, c)).status;
    }
    // "changed": what the server did with its settings.
    void reload()
    {
        const auto logged = s.log().size();
        s.pollster().signal(SIGHUP);
        eventually("the reload is logged", [&] {
            const auto log = s.log().substr(logged);
            return contains(log, "the settings were reloaded") ||
                   contains(log, "were not reloaded");
        });
    }
};

const call history{"GET", "/walls/1/posts", {}, {}};
const call workshop{"GET", "/walls/2/posts", {}, {}};
call say(int wall)
{
    return post_json(R"({"body":"hi"})", "/walls/" + std::to_string(wall) + "/posts");
}
call mark(int wall)
{
    auto c = post_json(R"({"id":1})", "/walls/" + std::to_string(wall) + "/read");
    c.method = "PUT";
    return c;
}
// Of whoever has a token in the header, or nothing.
call poll(const std::string& cursors, const header_list& headers = {})
{
    call c = post_form(cursors);
    c.headers.insert(c.headers.end(), headers.begin(), headers.end());
    return c;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(tokens_, fixture)

BOOST_AUTO_TEST_CASE(a_token_of_each_algorithm_is_its_user)
{
    for (const auto& key : {shop, desk, app}) {
        const auto bob_s = token(R"("sub":"2")", key);
        BOOST_TEST_CONTEXT(key)
        {
            BOOST_TEST(contains(said(bob_s, {"GET", "/session", {}, {}}),
                                R"("user":{"id":2,"name":"bob"})"));
            BOOST_TEST(s.send(signed_by(bob_s, {"GET", "/walls", {}, {}}))
                           .json()
                           .at("walls")
                           .as_array()
                           .size() == 2u);
            const auto posted = s.send(signed_by(bob_s, say(2)));
            BOOST_TEST_REQUIRE(posted.status == 201, text_of(posted));
            const auto number = posted.json().at("post").at("post_id").as_int64();
            auto edit =
                post_json(R"({"body":"hello"})", "/walls/2/posts/" + std::to_string(number));
            edit.method = "PATCH";
            BOOST_TEST(status(bob_s, edit) == 200);
            BOOST_TEST(status(bob_s, mark(2)) == 200);
            BOOST_TEST(contains(said(bob_s, poll("last_post_id[2]=0")), "hello"));
            BOOST_TEST(status(bob_s, {"GET", "/walls/3/posts", {}, {}}) == 403);
            // The poll's own way, and the cookie's.
            BOOST_TEST(contains(text_of(s.send(post_form(poll_form(bob_s, {{2, 0}})))), "hello"));
            BOOST_TEST(s.send(with(history, "Cookie", "pollster_session=" + bob_s)).status == 200);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_good_token_is_nobody)
{
    const auto good = token(R"("sub":"1")");
    BOOST_TEST_REQUIRE(status(good, history) == 200);
    const auto dot = good.rfind('.');
    std::vector<std::string> bad{
        token(R"("sub":"1","exp":1000000000)"),        // expired
        token(R"("sub":"1","nbf":4000000000)"),        // not yet
        token(R"("sub":"99")"),                        // nobody's
        token(R"("sub":"1","aud":"mail")"),            // for others
        token(R"("sub":"1","exp":"tomorrow")"),        //
        token(R"("sub":"ann")"),                       //
        token(R"("sub":"1")", "another:HS256"),        // an unknown key
        application::token(shop, R"({"sub":"1"})"),    // of no issuer
        good.substr(0, dot + 1),                       // no signature
        good.substr(0, dot + 1) + std::string(43, 'A') // another
    };
    for (const auto& one : bad) {
        BOOST_TEST(said(one, history) == sign_in, one);
        BOOST_TEST(said(one, poll("last_post_id[1]=0")) == invalid_user, one);
    }
    const auto removed = token(R"("sub":"3")");
    BOOST_TEST(status(removed, history) == 200);
    s.sql("update pollster.users set disabled = true where id = 3");
    eventually("a disabled user is refused", [&] { return status(removed, history) == 401; });
}

BOOST_AUTO_TEST_CASE(a_membership_that_ends_ends_what_waits)
{
    const auto bob_s = token(R"("sub":2)");
    hanging_call parked(s, signed_by(bob_s, poll("last_post_id[2]=0")));
    s.until_parked(1);
    s.sql("delete from pollster.memberships where user_id = 2 and wall_id = 2");
    BOOST_TEST(text_of(parked.wait()) == R"(400 {"errors":["Invalid parameters!"]})");
    BOOST_TEST(status(bob_s, workshop) == 403);
}

BOOST_AUTO_TEST_CASE(a_guest_reads_the_walls_that_the_token_names)
{
    const auto guest = token(R"("walls":[2])", app);
    s.sql(insert_post(2, 1, "for guests"));
    BOOST_TEST(contains(said(guest, {"GET", "/session", {}, {}}), R"("user":{"id":0,"name":""})"));
    const auto list =
        s.send(signed_by(guest, {"GET", "/walls", {}, {}})).json().at("walls").as_array();
    BOOST_TEST_REQUIRE(list.size() == 1u);
    BOOST_TEST(list[0].at("name").as_string() == "Workshop");
    BOOST_TEST(list[0].at("unread").as_int64() == 0);
    BOOST_TEST(contains(said(guest, workshop), "for guests"));
    BOOST_TEST(contains(said(guest, {"GET", "/walls/2/posts?q=guests", {}, {}}), "for guests"));
    BOOST_TEST(contains(said(guest, poll("last_post_id[2]=0")), "for guests"));
    BOOST_TEST(status(guest, history) == 403);
    BOOST_TEST(said(guest, poll("last_post_id[1]=0")) ==
               R"(400 {"errors":["Invalid parameters!"]})");
    BOOST_TEST(said(guest, say(2)) == only_reads);
    BOOST_TEST(said(guest, mark(2)) == only_reads);
    BOOST_TEST(s.sql("select count(*) from pollster.read_marks where user_id = 0") == "0");

    hanging_call parked(s, signed_by(guest, poll("last_post_id[2]=1")));
    s.until_parked(1);
    s.sql(insert_post(2, 1, "and more"));
    BOOST_TEST(contains(text_of(parked.wait()), "and more"));

    // Walls beside a user: those alone, and only for reading.
    const auto ann_s = token(R"("sub":1,"walls":[2])");
    BOOST_TEST(status(ann_s, workshop) == 200);
    BOOST_TEST(status(ann_s, history) == 403);
    BOOST_TEST(said(ann_s, say(2)) == only_reads);
    s.administer({"wall", "remove", "Workshop", "--yes"});
    eventually("a removed wall is gone", [&] { return status(guest, workshop) == 403; });
}

BOOST_AUTO_TEST_CASE(what_waits_ends_with_the_token)
{
    const auto soon = s.sql("select extract(epoch from now())::bigint + 3");
    const auto brief = token(R"("walls":[1],"exp":)" + soon);
    hanging_call parked(s, signed_by(brief, poll("last_post_id[1]=0")));
    hanging_call stream(s, signed_by(brief, {"GET", "/events?last_post_id[1]=0", {}, {}}));
    BOOST_TEST(text_of(parked.wait()) == invalid_user);
    BOOST_TEST(contains(text_of(stream.wait()), R"({"reason":"signed_out"})"));
    BOOST_TEST(said(brief, history) == sign_in);
}

BOOST_AUTO_TEST_CASE(keys_are_rotated_in_a_running_server)
{
    const auto before = token(R"("sub":1)", shop);
    const auto after = token(R"("sub":1)", desk);
    hanging_call parked(s, signed_by(before, poll("last_post_id[1]=0")));
    hanging_call other(s, signed_by(after, poll("last_post_id[1]=0")));
    hanging_call session(s, poll_call(bob, R"({"1":0})"));
    s.until_parked(3);

    write("no keys at all");
    reload();
    BOOST_TEST(contains(s.log(), "the settings were not reloaded, those before stay: token_keys: " +
                                     file() + " cannot be used: it is no JSON Web Key Set"));
    BOOST_TEST(status(before, history) == 200);
    BOOST_TEST(!parked.answered());

    publish({desk});
    reload();
    BOOST_TEST(
        contains(s.log(), "the settings were reloaded: token_keys holds other keys, 1 in all"));
    BOOST_TEST(text_of(parked.wait()) == invalid_user);
    BOOST_TEST(said(before, history) == sign_in);
    BOOST_TEST(status(after, history) == 200);
    BOOST_TEST(!other.answered());
    s.sql(insert_post(1, 1, "go on"));
    BOOST_TEST(contains(text_of(other.wait()), "go on"));
    BOOST_TEST(contains(text_of(session.wait()), "go on"));
}

BOOST_AUTO_TEST_CASE(a_bad_file_is_told_before_the_start)
{
    s.stop_pollster();
    write(R"({"keys":[{"kty":"oct","kid":"a","k":"dG9vIHNob3J0"}]})");
    const std::string wrong = "token_keys: " + file() +
                              " cannot be used: key 1 of it: a secret needs k, 32 bytes or more in "
                              "base64url";
    const auto checked = s.administer({"check-config"});
    BOOST_TEST(checked.code == 1);
    BOOST_TEST(contains(checked.output, wrong), checked.output);
    const auto started = run(s.pollster_command());
    BOOST_TEST(started.code == 1);
    BOOST_TEST(contains(started.output, "pollster: " + wrong + '\n'), started.output);
}

BOOST_AUTO_TEST_CASE(a_secret_that_everybody_may_read_is_told)
{
    const std::string told = "token_keys: " + file() + " holds a secret";
    const auto times = [&] {
        const auto log = s.log();
        int n = 0;
        for (auto at = log.find(told); at != log.npos; at = log.find(told, at + 1)) {
            ++n;
        }
        return n;
    };
    BOOST_TEST(times() == 1);
    const auto mode = [&](unsigned bits) { fs::permissions(file(), static_cast<fs::perms>(bits)); };
    for (const auto* command : {"check-config", "doctor"}) {
        const auto said = s.administer({command});
        BOOST_TEST(said.code == 1);
        BOOST_TEST(contains(said.output, told), said.output);
        BOOST_TEST(contains(said.output, "chmod o= " + file()), said.output);
    }
    mode(0640);
    reload();
    BOOST_TEST(times() == 1);
    BOOST_TEST(!contains(s.administer({"check-config"}).output, told));
    mode(0644);
    reload();
    BOOST_TEST(times() == 2);
    publish({desk, app}); // what everybody may know
    reload();
    BOOST_TEST(times() == 2);
    BOOST_TEST(!contains(s.administer({"check-config"}).output, told));
}

// Failed before: the empty secret behind the bar was a guest's.
BOOST_AUTO_TEST_CASE(a_bar_with_nothing_behind_it_is_nobody)
{
    const call session{"GET", "/session", {}, {}};
    for (const std::string one : {"1|", "|", "1||", "1|1|"}) {
        BOOST_TEST(said(one, session) == sign_in, one);
        BOOST_TEST(said(one, history) == sign_in, one);
        BOOST_TEST(said("", poll("session_id=" + one + "&access=1&last_post_id[1]=0")) ==
                       invalid_user,
                   one);
        const auto stale =
            with(session, "Cookie", "pollster_session=" + one + "; pollster_session=" + ann);
        BOOST_TEST(contains(text_of(s.send(stale)), R"("user":{"id":1,)"), one);
    }
}

BOOST_AUTO_TEST_CASE(signing_out_clears_the_cookie_and_says_until_when_the_token_is_good)
{
    const auto ann_s = token(R"("sub":1)");
    const call out{
        "DELETE", "/session", {}, {{"Cookie", "pollster_session=" + ann_s}, {"X-CSRF-Token", "1"}}};
    const auto told = s.send(out);
    BOOST_TEST(told.status == 200);
    BOOST_TEST(!told.json().at("signed_out").as_bool());
    BOOST_TEST(told.json().as_object().contains("expires_at"));
    BOOST_TEST(contains(told.header("Set-Cookie"), "pollster_session=;"));
    BOOST_TEST(status(ann_s, history) == 200);
}

BOOST_AUTO_TEST_CASE(an_open_wall_is_read_without_an_account)
{
    s.sql(insert_post(2, 1, "for all"));
    const call list{"GET", "/walls", {}, {}};
    const call stream{"GET", "/events?last_post_id[2]=0", {}, {}};
    for (const auto& c : {workshop, list}) {
        BOOST_TEST(said("", c) == sign_in);
    }
    BOOST_TEST(said("", poll("last_post_id[2]=0")) == invalid_user);

    BOOST_TEST(s.administer({"wall", "open", "Workshop"}).output ==
               "everybody may read wall \"Workshop\"\n");
    eventually("guests may read", [&] { return status("", workshop) == 200; });
    BOOST_TEST(contains(said("", poll("last_post_id[2]=0")), "for all"));
    BOOST_TEST(contains(said("", list), R"("user":{"id":0,"name":""})"));
    BOOST_TEST(s.send(list).json().at("walls").as_array().size() == 1u);
    // All else is as it was.
    BOOST_TEST(said("", history) == sign_in);
    BOOST_TEST(said("", poll("last_post_id[1]=0")) == invalid_user);
    BOOST_TEST(said("", say(2)) == sign_in);
    BOOST_TEST(said("", mark(2)) == sign_in);
    BOOST_TEST(said("", {"GET", "/session", {}, {}}) == sign_in);
    BOOST_TEST(said(cleo, workshop) == R"(403 {"errors":["You may not see this wall."]})");
    // A page that says it is a guest's is one, whatever cookie its browser has left.
    const header_list as_guest{{"X-Pollster-User", "0"},
                               {"Cookie", "pollster_session=" + std::string(43, 'x')}};
    BOOST_TEST(s.api("GET", "/session", {}, as_guest).status == 200);
    BOOST_TEST(s.api("GET", "/walls/2/posts", {}, as_guest).status == 200);
    BOOST_TEST(s.api("GET", "/walls/2/posts", {}, {{"X-Pollster-User", "1"}}).status == 401);

    hanging_call parked(s, poll("last_post_id[2]=1"));
    hanging_call both(s, poll("last_post_id[2]=1&last_post_id[1]=0"));
    hanging_call events(s, {"GET", "/events?last_post_id[2]=1", {}, {}});
    s.until_parked(3);
    s.sql(insert_post(2, 2, "and more"));
    BOOST_TEST(contains(text_of(parked.wait()), "and more"));
    BOOST_TEST(contains(text_of(both.wait()), "and more"));

    hanging_call again(s, poll("last_post_id[2]=2"));
    s.until_parked(2);
    s.administer({"wall", "close", "Workshop"});
    BOOST_TEST(text_of(again.wait()) == R"(400 {"errors":["Invalid parameters!"]})");
    BOOST_TEST(contains(text_of(events.wait()), R"({"reason":"no_wall"})"));
    BOOST_TEST(said("", workshop) == sign_in);

    s.administer({"wall", "open", "#2"});
    eventually("guests may read again", [&] { return status("", workshop) == 200; });
    hanging_call last(s, poll("last_post_id[2]=2"));
    s.until_parked(1);
    s.administer({"wall", "remove", "#2", "--yes"});
    BOOST_TEST(text_of(last.wait()) == R"(400 {"errors":["Invalid parameters!"]})");
}

BOOST_AUTO_TEST_SUITE_END()

// PostgreSQL and the server log everything that they can.
BOOST_FIXTURE_TEST_CASE(no_log_has_a_token, keys_published)
{
    private_postgres postgres{{"log_statement=all", "log_min_duration_statement=0",
                               "log_parameter_max_length=-1",
                               "log_parameter_max_length_on_error=-1"}};
    chat s{{{"token_keys", file()}, {"log_level", "debug"}}, &postgres};
    std::vector<std::string> tokens;
    for (const auto& claims :
         {R"({"sub":"1"})", R"({"sub":"1","walls":[1]})", R"({"walls":[1]})", R"({"sub":"99"})"}) {
        tokens.push_back(token(app, claims));
        const auto& t = tokens.back();
        for (const auto& c : {history, say(1), poll("last_post_id[1]=0"), mark(1),
                              call{"GET", "/walls", {}, {}}, call{"DELETE", "/session", {}, {}}}) {
            s.send(signed_by(t, c));
        }
    }
    tokens.push_back(token(app, R"({"sub":"1","exp":7})"));
    BOOST_TEST(s.send(signed_by(tokens.back(), history)).status == 401);
    eventually("the log says why",
               [&] { return contains(s.log(), "a signed token is not taken: it has expired"); });
    for (const auto& t : tokens) {
        for (const auto& log : {postgres.log(), s.log()}) {
            for (std::size_t from = 0; from < t.size();) {
                const auto dot = std::min(t.find('.', from), t.size());
                // The header is the same in all.
                BOOST_TEST((from == 0 || !contains(log, t.substr(from, dot - from))));
                from = dot + 1;
            }
        }
    }
}
