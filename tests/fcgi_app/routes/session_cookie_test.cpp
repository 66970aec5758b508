// The session's cookie: what is set, and which names and paths no browser would keep (RFC 6265bis).
#include "fcgi_app/routes/session_cookie.hpp"

#include <boost/test/unit_test.hpp>

using namespace routes;
using cookies = routes::settings::cookies;

namespace {

settings named(const std::string& name, const std::string& path = "/",
               cookies secure = cookies::as_request)
{
    settings s;
    s.cookie_name = name;
    s.cookie_path = path;
    s.secure_cookie = secure;
    return s;
}

std::string fault(const settings& s)
{
    return fault_in_cookie(s).value_or("");
}

} // namespace

BOOST_AUTO_TEST_SUITE(session_cookie_)

BOOST_AUTO_TEST_CASE(a_name_is_a_token)
{
    for (const std::string good : {"a", "pollster_session", "__Host-chat", "A.b-c_1!#$%&'*+^`|~"}) {
        BOOST_TEST(fault_in_cookie_name(good).value_or("") == "", good);
    }
    for (const std::string bad : {"", " a", "a ", "a b", "a=b", "a;b", "a,b", "a\tb", "a\r\nb",
                                  "caf\xc3\xa9", "\"a\"", "a/b", "a@b", "a[1]", "a{b}", "a\x7f"}) {
        BOOST_TEST(fault_in_cookie_name(bad).value_or("").ends_with("not \"" + bad + "\""), bad);
    }
    BOOST_TEST(!fault_in_cookie_name(std::string(100, 'n')));
    BOOST_TEST(fault_in_cookie_name(std::string(101, 'n')).value() ==
               "a cookie's name has at most 100 characters, not 101");
}

BOOST_AUTO_TEST_CASE(a_path_is_that_of_an_address)
{
    for (const std::string good : {"/", "/chat", "/chat/", "/%C3%A9/a.b~c"}) {
        BOOST_TEST(fault_in_cookie_path(good).value_or("") == "", good);
    }
    for (const std::string bad :
         {"", "chat", "/a;Domain=x", "/a b", "/a\r\nb", "/a?b", "/a#b", "/\xc3\xa9"}) {
        BOOST_TEST(fault_in_cookie_path(bad).value_or("").ends_with("not \"" + bad + "\""), bad);
    }
    BOOST_TEST(!fault_in_cookie_path('/' + std::string(999, 'p')));
    BOOST_TEST(fault_in_cookie_path('/' + std::string(1000, 'p')).has_value());
}

BOOST_AUTO_TEST_CASE(a_prefix_demands_what_browsers_demand_in_any_case_of_its_letters)
{
    for (const std::string name : {"__Host-a", "__host-a", "__HOST-", "__Secure-a", "__secure-a",
                                   "__Http-a", "__Host-Http-a"}) {
        BOOST_TEST(fault(named(name)) == "", name);
        BOOST_TEST(fault(named(name, "/", cookies::secure)) == "", name);
        BOOST_TEST(
            fault(named(name, "/", cookies::plain)).starts_with("secure_cookies: browsers refuse"),
            name);
    }
    for (const std::string name : {"__Host-a", "__hOST-a"}) {
        BOOST_TEST(fault(named(name, "/chat")).starts_with("cookie_path: browsers refuse"), name);
    }
    BOOST_TEST(fault(named("__Secure-a", "/chat")) == "");
    for (const std::string name : {"a", "__Hosta", "x__Host-a", "__Secure"}) {
        BOOST_TEST(fault(named(name, "/chat", cookies::plain)) == "", name);
    }
}

BOOST_AUTO_TEST_CASE(a_path_leads_to_the_mount)
{
    settings s;
    for (const std::string path : {"/", "/chat", "/chat/", "/chat/api", "/chat/api/"}) {
        s = named("a", path);
        s.mount = "/chat/api";
        BOOST_TEST(fault(s) == "", path);
    }
    for (const std::string path : {"/chats", "/ch", "/chat/api/x", "/chat/api2", "/Chat"}) {
        s = named("a", path);
        s.mount = "/chat/api";
        BOOST_TEST(fault(s).starts_with("cookie_path: browsers would not send"), path);
    }
}

BOOST_AUTO_TEST_CASE(what_is_set_names_path_time_and_no_domain)
{
    BOOST_TEST(session_cookie({}, false, "token", 60) ==
               "pollster_session=token; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
    BOOST_TEST(session_cookie(named("b", "/b/"), true, "", 0) ==
               "b=; Path=/b/; HttpOnly; SameSite=Lax; Max-Age=0; Secure");
}

// Behind a proxy that does not say https, too: without Secure no browser would keep it.
BOOST_AUTO_TEST_CASE(auto_means_secure_for_a_name_that_demands_it)
{
    for (const std::string name : {"__Host-a", "__secure-a"}) {
        BOOST_TEST(session_cookie(named(name), false, "t", 1).ends_with("; Secure"), name);
    }
    BOOST_TEST(!session_cookie(named("a"), false, "t", 1).ends_with("; Secure"));
}

BOOST_AUTO_TEST_SUITE_END()
