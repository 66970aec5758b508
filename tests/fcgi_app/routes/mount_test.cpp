// Option mount: what may be one, and which route a path below it is.
#include "fcgi_app/routes/mount.hpp"

#include "tests/fcgi_app/routes/fixture.hpp"

using namespace routes;
using namespace routes::testing;

namespace {

using params = std::vector<fastcgi::name_value>;

fastcgi::request request_with(params p)
{
    fastcgi::request r;
    r.number = 5;
    r.params = std::move(p);
    return r;
}

// Of a request whose path came like this, with the mount /chat/api.
std::string route_of(params p)
{
    const auto r = request_with(std::move(p));
    return std::string(route_below("/chat/api", r).value_or("none"));
}

running_routes::settings mounted()
{
    running_routes::settings s;
    s.routes.mount = "/chat/api";
    return s;
}

} // namespace

BOOST_AUTO_TEST_SUITE(mount_)

BOOST_AUTO_TEST_CASE(a_path_is_a_mount)
{
    for (const auto* good : {"", "/api", "/chat/api", "/a/b/c", "/~ann/v1.2/a-b_c", "/.../x.."}) {
        BOOST_TEST(fault_in_mount(good).value_or("") == "", good);
    }
}

BOOST_AUTO_TEST_CASE(what_is_none_is_refused_with_its_reason)
{
    const auto refused = [](const std::vector<std::string>& mounts, const std::string& why) {
        for (const auto& mount : mounts) {
            BOOST_TEST(fault_in_mount(mount).value_or("none") == why + ", not \"" + mount + "\"");
        }
    };
    refused({"api", "chat/api", "api/", " /api", "https://chat.example/api", "?", "..", "*", "~"},
            "a mount begins with a slash, as /chat/api does");
    refused({"/"}, "at the root there is nothing to cut off: leave the mount empty");
    refused({"/api/", "/chat/api/", "//", "/../"},
            "a mount ends without a slash, as /chat/api does");
    refused(
        {"//api", "/chat//api", "/.", "/..", "/../api", "/chat/../api", "/chat/./api", "/chat/.."},
        "between the slashes of a mount is a name, neither nothing nor . nor ..");
    refused({"/api?", "/api?x=1", "/api#x", "/chat api", "/api ", "/api\t", "/api\r", "/%61pi",
             "/api%2f", "/a\\pi", "/api;x", "/a:b", "/a*", "/api\x7f", "/\xc3\xa9", "/api\"",
             std::string("/a\0b", 4)},
            "a mount consists of slashes, ASCII letters, digits and -._~");
}

BOOST_AUTO_TEST_CASE(a_mount_has_an_end)
{
    const std::string longest = '/' + std::string(99, 'x');
    BOOST_TEST(fault_in_mount(longest).value_or("") == "");
    BOOST_TEST(fault_in_mount(longest + 'x').value_or("") ==
               "a mount has at most 100 characters, not 101");
}

BOOST_AUTO_TEST_CASE(the_mount_is_cut_off_a_whole_path)
{
    // h2o
    BOOST_TEST(route_of({{"SCRIPT_NAME", ""}, {"PATH_INFO", "/chat/api/walls"}}) == "/walls");
    // nginx without fastcgi_split_path_info, with and without a line for PATH_INFO
    BOOST_TEST(route_of({{"SCRIPT_NAME", "/chat/api/walls"},
                         {"DOCUMENT_URI", "/chat/api/walls"}}) == "/walls");
    BOOST_TEST(route_of({{"SCRIPT_NAME", "/chat/api/walls"}, {"PATH_INFO", ""}}) == "/walls");
    // Apache, HAProxy without path-info
    BOOST_TEST(route_of({{"SCRIPT_NAME", "/chat/api/walls"}}) == "/walls");
    // both the same
    BOOST_TEST(route_of({{"SCRIPT_NAME", "/chat/api/walls"}, {"PATH_INFO", "/chat/api/walls"}}) ==
               "/walls");
}

BOOST_AUTO_TEST_CASE(the_mount_itself_is_the_root)
{
    BOOST_TEST(route_of({{"PATH_INFO", "/chat/api"}}) == "/");
    BOOST_TEST(route_of({{"PATH_INFO", "/chat/api/"}}) == "/");
    BOOST_TEST(route_of({{"SCRIPT_NAME", "/chat/api"}}) == "/");
}

BOOST_AUTO_TEST_CASE(a_web_server_that_has_cut_it_off_is_understood_too)
{
    BOOST_TEST(route_of({{"SCRIPT_NAME", "/chat/api"}, {"PATH_INFO", "/walls"}}) == "/walls");
    BOOST_TEST(route_of({{"SCRIPT_NAME", "/chat/api"}, {"PATH_INFO", ""}}) == "/");
}

BOOST_AUTO_TEST_CASE(what_is_not_below_it_is_none)
{
    for (const auto* path : {"", "/", "/walls", "/chat", "/chat/", "/chat/ap", "/chat/apix",
                             "/chat/api.", "/chat/api-", "/chat/API/walls", "/chat//api/walls",
                             "//chat/api/walls", "/x/chat/api/walls", "/chat/./api/walls",
                             "/x/../chat/api/walls", "chat/api/walls", "/chat%2fapi/walls"}) {
        BOOST_TEST(route_of({{"SCRIPT_NAME", ""}, {"PATH_INFO", path}}) == "none", path);
    }
    BOOST_TEST(route_of({{"SCRIPT_NAME", "/api"}, {"PATH_INFO", "/walls"}}) == "none");
    BOOST_TEST(route_of({}) == "none");
}

BOOST_AUTO_TEST_CASE(below_the_mount_is_everything_and_beside_it_nothing)
{
    with_routes(
        [](running_routes& t) {
            const auto get = [&](const std::string& path) {
                return t
                    .ask(request_with({{"REQUEST_METHOD", "GET"},
                                       {"SCRIPT_NAME", ""},
                                       {"PATH_INFO", path},
                                       {"HTTP_ORIGIN", granted_origin}}))
                    .said();
            };
            const std::string nothing = R"(404 {"errors":["There is nothing at this path."]})";
            BOOST_TEST(get("/chat/api") == R"(200 {"ack":"huzzah!"})");
            BOOST_TEST(get("/chat/api/") == R"(200 {"ack":"huzzah!"})");
            BOOST_TEST(get("/chat/api/healthz").starts_with("200 "));
            for (const auto* path :
                 {"/", "/healthz", "/metrics", "/chat/apihealthz", "/chat/healthz",
                  "/chat/api/nothing", "/chat/api//healthz", "/chat/api/chat/api/healthz"}) {
                BOOST_TEST(get(path) == nothing, path);
            }
            // As whoever looks for the mistake must see it.
            BOOST_TEST(t.log().find("request 5 GET /healthz (not below /chat/api) -> 404") !=
                       std::string::npos);
        },
        mounted());
}

// A page of another origin could not read it without; and a preflight is none of the routes'
// affair.
BOOST_AUTO_TEST_CASE(beside_the_mount_answers_have_the_cors_lines_too)
{
    with_routes(
        [](running_routes& t) {
            for (const auto* method : {"GET", "OPTIONS"}) {
                const client& c = t.ask(request_with({{"REQUEST_METHOD", method},
                                                      {"PATH_INFO", "/healthz"},
                                                      {"HTTP_ORIGIN", granted_origin}}));
                BOOST_TEST(c.header("Access-Control-Allow-Origin") == granted_origin, method);
            }
        },
        mounted());
}

BOOST_AUTO_TEST_SUITE_END()
