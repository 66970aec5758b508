#include "fcgi_app/http/response.hpp"
#include "text/number.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(response_)

BOOST_AUTO_TEST_CASE(a_response_is_written_as_cgi_output)
{
    auto r = http::response::json(R"({"ack":"huzzah!"})");
    r.headers = {{"Vary", "Origin"}, {"X-Empty", ""}};
    BOOST_TEST(http::to_cgi(r) == "Status: 200 OK\r\n"
                                  "Content-Type: application/json\r\n"
                                  "Content-Length: 17\r\n"
                                  "Cache-Control: no-store\r\n"
                                  "Vary: Origin\r\n"
                                  "X-Empty: \r\n"
                                  "\r\n"
                                  R"({"ack":"huzzah!"})");
}

BOOST_AUTO_TEST_CASE(an_error_is_one_sentence_in_json)
{
    const auto r = http::response::error(400, "Invalid user!");
    BOOST_TEST(r.status == 400);
    BOOST_TEST(r.body == R"({"errors":["Invalid user!"]})");
    BOOST_TEST(http::response::error(400, "a \"b\"\n").body == R"({"errors":["a \"b\"\n"]})");
}

BOOST_AUTO_TEST_CASE(the_answer_to_head_is_the_same_head_and_no_body)
{
    const auto r = http::response::json(R"({"ack":"huzzah!"})");
    const auto whole = http::to_cgi(r);
    std::string head = "Vary: Origin\r\n";
    http::append_head(head, r);
    BOOST_TEST(head == "Vary: Origin\r\n" + whole.substr(0, whole.size() - r.body.size()));
}

BOOST_AUTO_TEST_CASE(an_empty_body_has_length_0)
{
    const auto out = http::to_cgi({});
    BOOST_TEST(out.find("Content-Length: 0\r\n") != std::string::npos);
    BOOST_TEST(out.ends_with("\r\n\r\n"));
}

// Walks the source: what stands where a status stands must have its phrase.
BOOST_AUTO_TEST_CASE(every_status_that_the_server_sends_has_its_phrase)
{
    const std::regex status(
        R"re(\berror\(\s*(\d{3})\b|\brefusal\{\s*(\d{3})\b|[?:,]\s*(\d{3})(?=\s*[,);:]))re");
    std::set<int> sent;
    for (const auto& file : std::filesystem::recursive_directory_iterator("fcgi_app")) {
        const auto name = file.path().string();
        if (!name.ends_with(".cpp") || name.find("/cli/") != std::string::npos ||
            name.find("/config/") != std::string::npos || name.ends_with("sockets.cpp")) {
            continue;
        }
        std::ifstream in(file.path());
        const std::string source(std::istreambuf_iterator<char>(in), {});
        for (std::sregex_iterator at(source.begin(), source.end(), status), end; at != end; ++at) {
            const auto text = (*at)[1].str() + (*at)[2].str() + (*at)[3].str();
            if (const auto n = text::parse_number<int>(text, 200, 511)) { // the registry's last
                sent.insert(*n);
            }
        }
    }
    for (const int known : {200, 201, 400, 403, 408, 413, 415, 422, 431, 500, 503}) {
        BOOST_TEST(sent.contains(known), known << " is not found: does this test still look?");
    }
    for (const int n : sent) {
        BOOST_TEST(!http::reason(n).empty(), n);
    }
}

BOOST_AUTO_TEST_CASE(phrases_are_those_of_the_registry)
{
    BOOST_TEST(http::reason(200) == "OK");
    BOOST_TEST(http::reason(408) == "Request Timeout");
    BOOST_TEST(http::reason(511) == "Network Authentication Required");
    BOOST_TEST(http::reason(299).empty());
    http::response r;
    r.status = 408;
    BOOST_TEST(http::to_cgi(r).starts_with("Status: 408 Request Timeout\r\n"));
}

BOOST_AUTO_TEST_CASE(nothing_in_a_header_can_begin_another)
{
    for (const auto& bad :
         {"x\r\nSet-Cookie: a=b"s, "x\n\nbody"s, "\r"s, "a\0b"s, "\x7f"s, "\x1b[31m"s}) {
        http::response r;
        r.headers = {{"X-Value", bad}, {"X" + bad, "name"}, {"X-Good", "yes"}};
        const auto out = http::to_cgi(r);
        BOOST_TEST(out.find("X-Value") == std::string::npos);
        BOOST_TEST(out.find("Set-Cookie") == std::string::npos);
        BOOST_TEST(out.find("name") == std::string::npos);
        BOOST_TEST(out.ends_with("X-Good: yes\r\n\r\n"));
    }
    http::response r;
    r.headers = {{"", "x"}, {"a b", "x"}, {"a:", "x"}};
    BOOST_TEST(http::to_cgi(r) == http::to_cgi({}));
}

BOOST_AUTO_TEST_SUITE_END()
