// Records that we send: sections 3.3, 5.3 and 5.5 of the specification.
#include "fcgi_app/fastcgi/encode.hpp"
#include "tests/fcgi_app/fastcgi/owner.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

using namespace fastcgi_test;

namespace {

std::vector<answer_record> read_all(std::string bytes)
{
    auto records = take_records(bytes);
    BOOST_TEST(bytes == "");
    for (const auto& r : records) {
        BOOST_TEST(r.header.version == FCGI_VERSION_1);
    }
    return records;
}

} // namespace

BOOST_AUTO_TEST_SUITE(encode_)

BOOST_AUTO_TEST_CASE(an_answer_is_stdout_its_end_and_end_request)
{
    std::string out;
    fastcgi::append_answer(out, 0x1234, "Status: 200 OK\r\n\r\nhi");
    const auto records = read_all(out);
    BOOST_REQUIRE(records.size() == 3u);
    BOOST_TEST(records[0].header.type == FCGI_STDOUT);
    BOOST_TEST(records[0].header.id == 0x1234);
    BOOST_TEST(records[0].content == "Status: 200 OK\r\n\r\nhi");
    BOOST_TEST(records[1].header.type == FCGI_STDOUT);
    BOOST_TEST(records[1].content == "");
    BOOST_TEST(protocol_status(records[2]) == FCGI_REQUEST_COMPLETE);
    BOOST_TEST(records[2].header.id == 0x1234);
    BOOST_TEST(records[2].content == std::string(8, '\0'));
}

BOOST_AUTO_TEST_CASE(an_empty_answer_is_ended_like_any_other)
{
    std::string out;
    fastcgi::append_answer(out, 1, "");
    BOOST_TEST(read_all(out).size() == 2u);
}

BOOST_AUTO_TEST_CASE(no_content_makes_no_record_for_that_would_end_the_stream)
{
    std::string out;
    fastcgi::append_stdout(out, 1, "");
    BOOST_TEST(out == "");
}

BOOST_AUTO_TEST_CASE(long_content_is_cut_into_records_that_need_no_padding)
{
    for (const std::size_t size : {65'527U, 65'528U, 65'529U, 65'535U, 65'536U, 200'000U}) {
        const std::string content(size, 'c');
        std::string out;
        fastcgi::append_stdout(out, 1, content);
        std::string together;
        for (const auto& r : read_all(out)) {
            BOOST_TEST(r.header.type == FCGI_STDOUT);
            BOOST_TEST(r.content.size() > 0u);
            BOOST_TEST(r.content.size() <= 65'528u);
            BOOST_TEST(r.header.padding_length == 0);
            together += r.content;
        }
        BOOST_TEST((together == content));
    }
}

BOOST_AUTO_TEST_CASE(end_request_carries_both_statuses)
{
    std::string out;
    fastcgi::append_end_request(out, 7, FCGI_OVERLOADED, 0x01020304);
    const auto records = read_all(out);
    BOOST_REQUIRE(records.size() == 1u);
    BOOST_TEST(records[0].content == std::string("\1\2\3\4\2\0\0\0", 8));
}

BOOST_AUTO_TEST_CASE(records_are_appended)
{
    std::string out = "before";
    fastcgi::append_answer(out, 1, "x");
    BOOST_TEST(out.starts_with("before"));
    BOOST_TEST(read_all(out.substr(6)).size() == 3u);
}

BOOST_AUTO_TEST_CASE(an_answer_in_parts_is_the_same_bytes_in_full_records)
{
    std::string page(200'000, 'x');
    for (std::size_t i = 0; i < page.size(); ++i) {
        page[i] = static_cast<char>('a' + i % 26);
    }
    for (const std::size_t cut : {0U, 1U, 40'000U, 65'527U, 65'528U, 65'529U, 131'056U, 200'000U}) {
        const std::string_view all = page;
        std::array<std::string_view, 5> texts{"head", all.substr(0, cut), "", all.substr(cut),
                                              "tail"};
        std::span<std::string_view> parts = texts;
        std::string out;
        while (!parts.empty()) {
            parts = fastcgi::append_record(out, 7, parts);
        }
        std::string content;
        const auto records = read_all(out);
        for (std::size_t i = 0; i < records.size(); ++i) {
            BOOST_TEST(records[i].header.id == 7);
            BOOST_TEST(
                (i + 1 == records.size() || records[i].content.size() == fastcgi::largest_stdout));
            BOOST_TEST(!records[i].content.empty());
            content += records[i].content;
        }
        BOOST_TEST((content == "head" + page + "tail"));
    }
}

BOOST_AUTO_TEST_SUITE_END()
