#include "fcgi_app/fastcgi/listen_address.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace fastcgi;

namespace {

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(listen_address_)

BOOST_AUTO_TEST_CASE(a_socket_with_mode_owner_and_group)
{
    const auto parsed = parse_listen("unix:/run/p.sock,mode=0620,owner=root,group=www-data");
    BOOST_REQUIRE(std::holds_alternative<listen_address>(parsed));
    const auto& unix = std::get<unix_address>(std::get<listen_address>(parsed));
    BOOST_TEST(unix.path == "/run/p.sock");
    BOOST_TEST(unix.mode == 0620u);
    BOOST_TEST(unix.owner == "root");
    BOOST_TEST(unix.group == "www-data");
}

BOOST_AUTO_TEST_CASE(tcp_with_name_number_and_ipv6)
{
    for (const char* text : {"localhost:9000", "127.0.0.1:0", "[::1]:65535"}) {
        const auto parsed = parse_listen(text);
        BOOST_REQUIRE(std::holds_alternative<listen_address>(parsed));
        BOOST_TEST(to_string(std::get<listen_address>(parsed)) == text);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_address_gets_a_sentence)
{
    const std::string long_path = "unix:/" + std::string(longest_socket_path, 'x');
    for (const std::string& text : std::vector<std::string>{
             "", "9000", ":9000", "localhost:", "localhost:99999", "localhost:-1", "::1:9000",
             "[]:1", "/run/p.sock:1", "unix:", "unix:p.sock", "unix:/p,mode=999", "unix:/p,mode=",
             "unix:/p,mode=01000", "unix:/p,color=red", "unix:/p,owner", "unix:/p,", long_path}) {
        const auto parsed = parse_listen(text);
        BOOST_TEST(std::holds_alternative<std::string>(parsed), text);
    }
    BOOST_TEST(contains(std::get<std::string>(parse_listen(long_path)),
                        "at most 107 bytes, this one has 108"));
}

BOOST_AUTO_TEST_SUITE_END()
