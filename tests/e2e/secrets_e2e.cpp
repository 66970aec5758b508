// PostgreSQL logs everything that it can, statements, parameters, plans and details of errors; and
// no password and no token is there in any form in which it could be used.
#include "tests/e2e/chat.hpp"

#include <boost/test/unit_test.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <vector>

using namespace e2e;

namespace {

std::string hex(const std::string& bytes)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        out += digits[static_cast<unsigned char>(c) >> 4U];
        out += digits[static_cast<unsigned char>(c) & 15U];
    }
    return out;
}

std::string base64(const std::string& bytes, const std::string& last_two)
{
    const std::string alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + last_two;
    std::string out;
    for (std::size_t i = 0; i + 2 < bytes.size(); i += 3) { // whole groups only
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8U | static_cast<unsigned char>(bytes[i + k]);
        }
        for (const unsigned shift : {18U, 12U, 6U, 0U}) {
            out += alphabet[group >> shift & 63U];
        }
    }
    return out;
}

std::string lower(std::string text)
{
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return text;
}

// In which forms a text holds a secret: as it is; hexadecimal, as a bytea is printed; base64,
// wherever the secret stands in what was encoded.
std::vector<std::string> forms_in(const std::string& text, const std::string& secret)
{
    std::vector<std::string> found;
    if (text.find(secret) != std::string::npos) {
        found.emplace_back("as it is");
    }
    if (lower(text).find(hex(secret)) != std::string::npos) {
        found.emplace_back("hexadecimal");
    }
    for (std::size_t skipped = 0; skipped < 3; ++skipped) {
        for (const std::string last_two : {"+/", "-_"}) {
            if (text.find(base64(secret.substr(skipped), last_two)) != std::string::npos) {
                found.emplace_back("base64");
            }
        }
    }
    return found;
}

std::string joined(const std::vector<std::string>& texts)
{
    std::string out;
    for (const auto& t : texts) {
        out += t + " ";
    }
    return out;
}

struct talkative {
    private_postgres postgres{
        {"log_statement=all", "log_min_duration_statement=0", "log_duration=on",
         "log_error_verbosity=verbose", "log_min_error_statement=info",
         "log_parameter_max_length=-1", "log_parameter_max_length_on_error=-1",
         "session_preload_libraries=auto_explain", "auto_explain.log_min_duration=0",
         "auto_explain.log_analyze=on", "auto_explain.log_verbose=on",
         "auto_explain.log_nested_statements=on"}};
    chat s{{{"statement_timeout_ms", "1000"}, {"rate_limits", "off"}}, &postgres};
    const std::size_t own = postgres.log().size(); // what the tests themselves did
    std::vector<std::string> passwords;
    std::vector<std::string> tokens{ann, bob, cleo};

    reply sign_in(const std::string& name, const std::string& password)
    {
        passwords.push_back(password);
        return s.send(post_json(R"({"name":")" + name + R"(","password":")" + password + R"("})",
                                "/session"));
    }
    std::string token_of(const reply& r)
    {
        BOOST_TEST_REQUIRE(r.status == 201, text_of(r));
        tokens.emplace_back(r.json().at("session_id").as_string());
        return tokens.back();
    }
    std::string administer(const std::vector<std::string>& words, const std::string& password = {})
    {
        if (!password.empty()) {
            passwords.push_back(password);
        }
        const auto done = s.administer(words, password.empty() ? "" : password + "\n");
        BOOST_TEST(done.code == 0, done.output);
        return done.output;
    }
    void nothing_is_there() const
    {
        const std::string log = postgres.log().substr(own);
        for (const auto* secrets : {&passwords, &tokens}) {
            for (const auto& secret : *secrets) {
                const auto forms = forms_in(log, secret);
                BOOST_TEST(forms.empty(), secret << " is in the log: " << joined(forms));
            }
        }
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(secrets_, talkative)

// What the search finds, if it is there.
BOOST_AUTO_TEST_CASE(the_search_finds_what_is_there_in_each_form)
{
    const std::string secret = "a secret of some length";
    for (const std::string& text :
         std::vector<std::string>{"select '" + secret + "'", "select '\\x00" + hex(secret) + "'",
                                  "select encode('" + base64("a" + secret, "+/") + "')",
                                  "select '" + base64("ab" + secret + "c", "-_") + "'"}) {
        BOOST_TEST(!forms_in(text, secret).empty(), text);
    }
    BOOST_TEST(forms_in("select 'a secret of no length'", secret).empty());
    // And the log does hold what a statement, a parameter and an error say.
    s.sql("select 'a statement of the test'");
    BOOST_TEST(postgres.log().find("a statement of the test") != std::string::npos);
    s.send(say_call(bob, 1, "a text that bob posts"));
    BOOST_TEST(postgres.log().find("a text that bob posts") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_people_do_leaves_no_secret_in_the_log)
{
    const auto session = token_of(sign_in("ann", "ann secret"));
    BOOST_TEST(sign_in("ann", "a wrong secret").status == 401);
    BOOST_TEST(sign_in("nobody of this name", "a secret of nobody").status == 401);
    const auto post = s.send(say_call(session, 1, "hello", "key-1"));
    BOOST_TEST_REQUIRE(post.status == 201);
    const auto id = std::to_string(post.json().at("post").at("post_id").as_int64());
    for (const bool by_cookie : {false, true}) {
        const auto as = [&](call c) {
            return by_cookie ? with(with(std::move(c), "Cookie", "pollster_session=" + session),
                                    "X-CSRF-Token", "1")
                             : signed_by(session, std::move(c));
        };
        BOOST_TEST(s.send(as({"GET", "/session", {}, {}})).status == 200);
        BOOST_TEST(s.send(as({"GET", "/walls", {}, {}})).status == 200);
        BOOST_TEST(s.send(as({"GET", "/walls/1/posts", {}, {}})).status == 200);
        BOOST_TEST(s.send(as({"GET", "/walls/1/posts?q=hello", {}, {}})).status == 200);
        BOOST_TEST(s.send(as(post_json(R"({"body":"again"})", "/walls/1/posts"))).status == 201);
        BOOST_TEST(s.send(as(post_json(R"({"last_post_id":{"1":0}})"))).status == 200);
        auto edit = post_json(R"({"body":"another text"})", "/walls/1/posts/" + id);
        edit.method = "PATCH";
        BOOST_TEST(s.send(as(edit)).status == 200);
        auto read = post_json(R"({"id":1})", "/walls/1/read");
        read.method = "PUT";
        BOOST_TEST(s.send(as(read)).status == 200);
    }
    BOOST_TEST(s.send(poll_call(session, R"({"1":0})")).status == 200);
    BOOST_TEST(s.send(signed_by(session, {"DELETE", "/walls/1/posts/" + id, {}, {}})).status ==
               200);
    BOOST_TEST(s.send(signed_by(session, {"DELETE", "/session", {}, {}})).status == 200);
    BOOST_TEST(s.send(signed_by(session, {"GET", "/walls", {}, {}})).status == 401);
    BOOST_TEST(s.send(signed_by(session, {"DELETE", "/session", {}, {}})).status == 401);
    nothing_is_there();
}

// Laravel's Sanctum stores the SHA-256 of what follows the bar, and gives its client all of it.
BOOST_AUTO_TEST_CASE(a_token_with_an_id_before_it_is_taken_and_is_not_in_the_log)
{
    const std::string secret = "aSecretOfSanctumWithFortyCharactersInIt1";
    const std::string token = "17|" + secret;
    const auto add = [&] {
        // The hash, as the application computes it.
        s.sql("insert into pollster.sessions (token_hash, user_id, created_at, expires_at) values "
              "(sha256(decode('" +
              hex(secret).substr(0, 40) + "' || '" + hex(secret).substr(40) +
              "', 'hex')), 2, now(), null)");
    };
    s.sql("alter table pollster_default.sessions alter expires_at drop not null");
    add();
    const std::size_t before = postgres.log().size();
    BOOST_TEST(s.send(signed_by(token, {"GET", "/session", {}, {}})).status == 200);
    BOOST_TEST(
        s.send(with({"GET", "/walls", {}, {}}, "Cookie", "pollster_session=" + token)).status ==
        200);
    const auto post = s.send(signed_by(token, post_json(R"({"body":"hi"})", "/walls/1/posts")));
    BOOST_TEST(post.status == 201, text_of(post));
    BOOST_TEST(entries_of(s.send(post_form("session_id=17%7C" + secret + "&last_post_id[1]=0"))) ==
               "1:1");
    BOOST_TEST(entries_of(s.send(poll_call(token, R"({"1":0})"))) == "1:1");
    BOOST_TEST(s.send(signed_by(token, {"GET", "/walls/1/posts?q=hi", {}, {}})).status == 200);
    BOOST_TEST(s.send(signed_by(token, {"DELETE", "/session", {}, {}})).status == 200);
    BOOST_TEST(s.send(signed_by(token, {"GET", "/session", {}, {}})).status == 401);
    const auto log = postgres.log().substr(before);
    for (const auto& text : {secret, token}) {
        BOOST_TEST(forms_in(log, text).empty(), joined(forms_in(log, text)));
    }
    add();
    administer({"session", "revoke", token});
    BOOST_TEST(s.send(signed_by(token, {"GET", "/session", {}, {}})).status == 401);
}

BOOST_AUTO_TEST_CASE(what_the_command_line_does_leaves_no_secret_in_the_log)
{
    administer({"user", "add", "--password-stdin", "dora"}, "the first secret of dora");
    administer({"user", "passwd", "--password-stdin", "dora"}, "the other secret of dora");
    token_of(sign_in("dora", "the other secret of dora"));
    auto made = administer({"session", "create", "--count", "2", "dora"});
    tokens.push_back(made.substr(0, 43));
    tokens.push_back(made.substr(44, 43));
    BOOST_TEST(s.send(signed_by(tokens.back(), {"GET", "/session", {}, {}})).status == 200);
    administer({"session", "revoke", tokens.back()});
    BOOST_TEST(s.send(signed_by(tokens.back(), {"GET", "/walls", {}, {}})).status == 401);
    administer({"user", "list"});
    administer({"session", "list"});
    administer({"setup", "--admin", "eve", "--password-stdin"}, "the secret of eve");
    token_of(sign_in("eve", "the secret of eve"));
    s.sql("alter table pollster_default.walls alter id restart with 100");
    administer({"demo"});
    passwords.emplace_back("ann-demo-pass");
    nothing_is_there();
}

// An error prints the statement, its parameters and the row that could not be written.
BOOST_AUTO_TEST_CASE(errors_leave_no_secret_in_the_log)
{
    const auto log_grows_by = [&](const std::string& what, const auto& act) {
        const auto before = postgres.log().size();
        act();
        BOOST_TEST(postgres.log().find(what, before) != std::string::npos, what);
    };
    // A row of a session that is refused.
    s.sql("alter table pollster_default.sessions add constraint refused check (user_id <> 1) not "
          "valid");
    log_grows_by("Failing row contains",
                 [&] { BOOST_TEST(sign_in("ann", "ann secret").status >= 500); });
    s.sql("alter table pollster_default.sessions drop constraint refused");
    // A token that exists already.
    s.sql("create function public.twice() returns trigger language plpgsql as $$ begin "
          "new.token_hash := (select s.token_hash from pollster_default.sessions s where s.user_id "
          "= 2 limit 1); return new; end $$; create trigger twice before insert on "
          "pollster_default.sessions for each row execute function public.twice()");
    log_grows_by("duplicate key value violates unique constraint \"sessions_pkey\"",
                 [&] { BOOST_TEST(sign_in("ann", "ann secret").status >= 500); });
    s.sql("drop trigger twice on pollster_default.sessions");
    // A post that a rule refuses, a column that is not there, a division by zero in a view.
    s.sql("alter table pollster_default.posts add constraint refused check (body <> 'refused')");
    log_grows_by("Failing row contains",
                 [&] { BOOST_TEST(s.send(say_call(ann, 1, "refused")).status == 422); });
    s.sql(
        "create or replace view pollster.walls as select id, name, case when id = 1 / 0 then kind "
        "end as kind from pollster_default.walls");
    log_grows_by("division by zero", [&] {
        s.send(signed_by(ann, {"GET", "/walls", {}, {}}));
        s.send(signed_by(ann, {"GET", "/walls/1/posts", {}, {}}));
    });
    s.sql("create or replace view pollster.walls as select id, name, kind from "
          "pollster_default.walls");
    // Timeouts, at a sign-in, a sign-out, a post, a poll of a session that is not known yet.
    {
        const std::unique_ptr<PGconn, decltype(&PQfinish)> other(
            PQconnectdb(postgres.test_conninfo(s.sql("select current_database()")).c_str()),
            &PQfinish);
        PQclear(PQexec(other.get(),
                       "begin; lock table pollster_default.sessions in access exclusive mode"));
        BOOST_TEST_REQUIRE(PQtransactionStatus(other.get()) == PQTRANS_INTRANS);
        log_grows_by("canceling statement due to", [&] {
            BOOST_TEST(sign_in("ann", "ann secret").status == 503);
            BOOST_TEST(s.send(signed_by(ann, {"DELETE", "/session", {}, {}})).status == 503);
            BOOST_TEST(s.send(say_call(bob, 1, "hello")).status == 503);
            BOOST_TEST(s.send(poll_call(cleo, R"({"1":0})")).status == 503);
        });
    }
    nothing_is_there();
}

BOOST_AUTO_TEST_SUITE_END()
