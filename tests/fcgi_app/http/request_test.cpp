// CGI variables as different web servers send them, and the headers that name a session.
#include "fcgi_app/http/request.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::string_view_literals;

namespace {

using variables = std::vector<std::pair<std::string_view, std::string_view>>;

std::optional<http::request> from(variables v, std::string body = "")
{
    return http::request::from_cgi(v, std::move(body));
}

std::string path(variables v)
{
    v.emplace_back("REQUEST_METHOD", "GET");
    return from(v).value().path;
}

} // namespace

BOOST_AUTO_TEST_SUITE(request_)

BOOST_AUTO_TEST_CASE(nginx_is_understood)
{
    const auto r = from({{"QUERY_STRING", "limit=5&q=a+b"},
                         {"REQUEST_METHOD", "POST"},
                         {"CONTENT_TYPE", "Application/JSON; charset=UTF-8"},
                         {"CONTENT_LENGTH", "4"},
                         {"SCRIPT_NAME", "/api"},
                         {"REQUEST_URI", "/api/walls/1/posts?limit=5&q=a+b"},
                         {"DOCUMENT_URI", "/api/walls/1/posts"},
                         {"REQUEST_SCHEME", "https"},
                         {"HTTPS", "on"},
                         {"REMOTE_ADDR", "192.0.2.7"},
                         {"PATH_INFO", "/walls/1/posts"},
                         {"HTTP_COOKIE", "pollster_session=abc"},
                         {"HTTP_ORIGIN", "https://shop.example"},
                         {"HTTP_AUTHORIZATION", "Bearer xyz"},
                         {"HTTP_X_CSRF_TOKEN", "1"},
                         {"HTTP_X_POLLSTER_USER", "3"}},
                        "body");
    BOOST_REQUIRE(r.has_value());
    BOOST_TEST(r->method == "POST");
    BOOST_TEST(r->path == "/walls/1/posts");
    BOOST_TEST(r->query == "limit=5&q=a+b");
    BOOST_TEST(r->content_type == "application/json");
    BOOST_TEST(r->authorization == "Bearer xyz");
    BOOST_TEST(r->cookie == "pollster_session=abc");
    BOOST_TEST(r->origin == "https://shop.example");
    BOOST_TEST(r->csrf_token == "1");
    BOOST_TEST(r->user == "3");
    BOOST_TEST(r->remote_addr == "192.0.2.7");
    BOOST_TEST(r->https);
    BOOST_TEST(r->body == "body");
}

BOOST_AUTO_TEST_CASE(apache_mod_proxy_fcgi_is_understood)
{
    // ProxyPass "/api/" "fcgi://…/" with proxy-fcgi-pathinfo: the mount is stripped already.
    BOOST_TEST(path({{"SCRIPT_FILENAME", "proxy:fcgi://localhost/walls"},
                     {"SCRIPT_NAME", "/api/walls"},
                     {"PATH_INFO", "/walls"},
                     {"CONTENT_LENGTH", ""}}) == "/walls");
    // Without it, mounted at "/".
    BOOST_TEST(path({{"SCRIPT_FILENAME", "proxy:fcgi://localhost/walls"},
                     {"SCRIPT_NAME", "/walls"}}) == "/walls");
}

BOOST_AUTO_TEST_CASE(lighttpd_and_cgi_fcgi_are_understood)
{
    BOOST_TEST(
        path({{"SCRIPT_NAME", "/api"}, {"PATH_INFO", "/session"}, {"CONTENT_LENGTH", "0"}}) ==
        "/session");
    BOOST_TEST(path({{"SCRIPT_NAME", ""}, {"PATH_INFO", "/"}}) == "/");
}

BOOST_AUTO_TEST_CASE(without_path_info_the_whole_path_is_the_route)
{
    BOOST_TEST(path({{"DOCUMENT_URI", "/walls"}, {"SCRIPT_NAME", "/index"}}) == "/walls");
    BOOST_TEST(path({{"SCRIPT_NAME", "/walls"}}) == "/walls");
    BOOST_TEST(path({}) == "/");
}

BOOST_AUTO_TEST_CASE(an_empty_path_info_is_the_root)
{
    BOOST_TEST(path({{"PATH_INFO", ""}, {"SCRIPT_NAME", "/api"}, {"DOCUMENT_URI", "/api"}}) == "/");
}

BOOST_AUTO_TEST_CASE(content_length_must_agree_with_the_body)
{
    for (const auto length : {"3"sv, "5"sv, "-4"sv, "+4"sv, "4 "sv, " 4"sv, "4x"sv, "0x4"sv,
                              "99999999999999999999999"sv, "4\0"sv, "four"sv}) {
        BOOST_TEST(!from({{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", length}}, "body"), length);
    }
    BOOST_TEST(from({{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", "4"}}, "body").has_value());
    BOOST_TEST(!from({{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", "1"}}).has_value());
}

BOOST_AUTO_TEST_CASE(an_absent_or_empty_content_length_says_nothing)
{
    BOOST_TEST(from({{"REQUEST_METHOD", "GET"}, {"CONTENT_LENGTH", ""}}).has_value());
    BOOST_TEST(from({{"REQUEST_METHOD", "GET"}}).has_value());
    BOOST_TEST(from({{"REQUEST_METHOD", "POST"}}, "chunked").value().body == "chunked");
}

BOOST_AUTO_TEST_CASE(a_request_without_a_method_is_none)
{
    BOOST_TEST(!from({}).has_value());
    BOOST_TEST(!from({{"REQUEST_METHOD", ""}}).has_value());
    BOOST_TEST(!from({{"request_method", "GET"}}).has_value());
}

BOOST_AUTO_TEST_CASE(of_a_variable_that_comes_twice_the_first_counts)
{
    const auto r = from({{"REQUEST_METHOD", "GET"},
                         {"HTTP_ORIGIN", "https://first.example"},
                         {"HTTP_ORIGIN", "https://second.example"},
                         {"REQUEST_METHOD", "DELETE"}});
    BOOST_TEST(r.value().origin == "https://first.example");
    BOOST_TEST(r.value().method == "GET");
}

BOOST_AUTO_TEST_CASE(names_that_end_like_those_of_variables_are_others)
{
    const auto r = from({{"REQUEST_METHOD", "GET"},
                         {"XTTP_HOST", "other"},
                         {"SERVER_ADDR", "other"},
                         {"REQUEST_URI", "/other"},
                         {"SERVER_NAME", "other"},
                         {"XXXX_X_CSRF_TOKEN", "other"},
                         {"HTTP_XX_SITE_FETCH", "other"},
                         {"XXXX_AUTHORIZATION", "other"},
                         {"HTTPX", "on"},
                         {"", "other"},
                         {"HTTP_A_NAME_LONGER_THAN_ANY", "other"}});
    BOOST_REQUIRE(r.has_value());
    BOOST_TEST(r->path == "/");
    BOOST_TEST(!r->https);
    for (const auto& value :
         {r->host, r->remote_addr, r->csrf_token, r->authorization, r->fetch_site}) {
        BOOST_TEST(value == "");
    }
}

BOOST_AUTO_TEST_CASE(https_is_on_or_the_scheme)
{
    const auto https = [](std::string_view name, std::string_view value) {
        return from({{"REQUEST_METHOD", "GET"}, {name, value}}).value().https;
    };
    BOOST_TEST(https("HTTPS", "on"));
    BOOST_TEST(https("HTTPS", "ON"));
    BOOST_TEST(https("REQUEST_SCHEME", "https"));
    BOOST_TEST(!https("HTTPS", ""));
    BOOST_TEST(!https("HTTPS", "off"));
    BOOST_TEST(!https("REQUEST_SCHEME", "http"));
    BOOST_TEST(!https("HTTP_HTTPS", "on"));
    BOOST_TEST(!https("HTTP_X_FORWARDED_PROTO", "https")); // anybody can send it
}

BOOST_AUTO_TEST_CASE(cookies_of_one_name_are_all_found_up_to_four)
{
    using found = std::vector<std::string_view>;
    BOOST_TEST((http::cookie_values("s=first; a=b; s=second", "s") == found{"first", "second"}));
    BOOST_TEST((http::cookie_values("s=x; s=x; s=y; s=x", "s") == found{"x", "y"}));
    BOOST_TEST((http::cookie_values("s=1; s=2; s=3; s=4; s=5", "s") == found{"1", "2", "3", "4"}));
    const auto r =
        from({{"REQUEST_METHOD", "GET"}, {"HTTP_COOKIE", "s=1"}, {"HTTP_COOKIE", "s=2"}});
    BOOST_TEST(r.value().cookie == "s=1; s=2");
}

BOOST_AUTO_TEST_CASE(charset_and_content_encoding_are_read_however_they_are_written)
{
    const auto charset = [](std::string_view value) {
        return from({{"REQUEST_METHOD", "GET"}, {"CONTENT_TYPE", value}}).value().charset;
    };
    BOOST_TEST(charset("application/json;charset=utf-8") == "utf-8");
    BOOST_TEST(charset("application/json ; a=b; Charset = \"UTF-16\" ;c") == "utf-16");
    for (const auto none : {"application/json", "a/b;", "a/b;;", "a/b;charset", "a/b;xcharset=y",
                            "a/b;a=charset", "", ";"}) {
        BOOST_TEST(charset(none) == "", none);
    }
    BOOST_TEST(from({{"REQUEST_METHOD", "GET"}, {"HTTP_CONTENT_ENCODING", " GZip "}})
                   .value()
                   .content_encoding == "gzip");
}

BOOST_AUTO_TEST_CASE(a_media_type_is_taken_without_parameters)
{
    const auto type = [](std::string_view value) {
        return from({{"REQUEST_METHOD", "GET"}, {"CONTENT_TYPE", value}}).value().content_type;
    };
    BOOST_TEST(type("application/x-www-form-urlencoded") == "application/x-www-form-urlencoded");
    BOOST_TEST(type(" TEXT/Plain ;charset=x;a=b") == "text/plain");
    BOOST_TEST(type("") == "");
    BOOST_TEST(type(";") == "");
}

BOOST_AUTO_TEST_CASE(a_cookie_is_found_among_others)
{
    const auto value = [](std::string_view header) {
        const auto values = http::cookie_values(header, "s");
        BOOST_REQUIRE(values.size() == 1u);
        return values.front();
    };
    BOOST_TEST(value("s=abc") == "abc");
    BOOST_TEST(value("a=b; s=abc; c=d") == "abc");
    BOOST_TEST(value("a=b;s=abc;c=d") == "abc");
    BOOST_TEST(value(" s = abc ;") == "abc");
    BOOST_TEST(value("s=a=b") == "a=b");
    BOOST_TEST(value("s=; s=abc") == "abc");
    BOOST_TEST(value("s=\"abc\"") == "\"abc\"");
}

BOOST_AUTO_TEST_CASE(what_only_looks_like_the_cookie_is_not_it)
{
    for (const auto header : {""sv, ";"sv, "="sv, "s"sv, "S=abc"sv, "xs=abc"sv, "sx=abc"sv,
                              "a=s=abc"sv, "a=b s=abc"sv, "s\0=abc"sv, "a,s=abc"sv}) {
        BOOST_TEST(http::cookie_values(header, "s").empty(), header);
    }
}

BOOST_AUTO_TEST_CASE(a_bearer_token_is_found_whatever_the_case_of_its_scheme)
{
    for (const auto header :
         {"Bearer abc-_"sv, "bearer abc-_"sv, "BEARER   abc-_ "sv, " Bearer abc-_"sv}) {
        BOOST_TEST(http::bearer_token(header).value_or("none") == "abc-_", header);
    }
    for (const auto header :
         {""sv, "Bearer"sv, "Bearer "sv, "Bearerabc"sv, "Basic abc"sv, "abc"sv, "Bearer\tabc"sv}) {
        BOOST_TEST(!http::bearer_token(header).has_value(), header);
    }
}

BOOST_AUTO_TEST_CASE(the_id_of_the_web_server_and_the_trace_of_the_client_are_taken)
{
    const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const auto r = http::request::from_cgi({{"REQUEST_METHOD", "GET"},
                                            {"REQUEST_ID", "abc"},
                                            {"HTTP_TRACEPARENT", trace},
                                            {"HTTP_X_REQUEST_ID", "of the client"}},
                                           {});
    BOOST_REQUIRE(r.has_value());
    BOOST_TEST(r->trace.request_id == "abc");
    BOOST_TEST(r->trace.traceparent == trace);
}

BOOST_AUTO_TEST_SUITE_END()
