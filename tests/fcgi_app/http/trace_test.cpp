// What a request is called by others, who may say anything.
#include "fcgi_app/http/trace.hpp"

#include <boost/test/unit_test.hpp>

using http::request_name;
using http::trace;

namespace {

const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string traceparent(const std::string& given)
{
    return trace::from({}, given).traceparent;
}

std::string header_lines(const trace& t)
{
    std::string head;
    http::append_trace(head, t);
    return head;
}

} // namespace

BOOST_AUTO_TEST_SUITE(trace_)

BOOST_AUTO_TEST_CASE(both_are_taken_and_named)
{
    const auto t = trace::from(id, parent);
    BOOST_TEST(t.request_id == id);
    BOOST_TEST(t.traceparent == parent);
    BOOST_TEST((request_name{17, t}.text()) == "17 id=" + id + " traceparent=" + parent);
    BOOST_TEST(header_lines(t) == "X-Request-Id: " + id + "\r\ntraceparent: " + parent + "\r\n");
}

BOOST_AUTO_TEST_CASE(without_them_a_request_is_its_number)
{
    const auto t = trace::from({}, {});
    BOOST_TEST((request_name{17, t}.text()) == "17");
    BOOST_TEST(header_lines(t) == "");
}

BOOST_AUTO_TEST_CASE(an_id_is_visible_and_has_an_end)
{
    for (const std::string bad : {"a b", "a\tb", "a\r\nSet-Cookie: x", "a\x7f", "\xc3\xa4", " "}) {
        BOOST_TEST(trace::from(bad, {}).request_id == "", bad);
    }
    BOOST_TEST(trace::from(std::string("a\0b", 3), {}).request_id == "");
    BOOST_TEST(trace::from(std::string(trace::longest, 'x'), {}).request_id.size() ==
               trace::longest);
    BOOST_TEST(trace::from(std::string(trace::longest + 1, 'x'), {}).request_id == "");
    BOOST_TEST(trace::from("!\"{~}", {}).request_id == "!\"{~}");
}

BOOST_AUTO_TEST_CASE(a_traceparent_keeps_to_its_specification)
{
    BOOST_TEST(traceparent(parent) == parent);
    for (std::size_t cut = 0; cut < parent.size(); ++cut) {
        BOOST_TEST(traceparent(parent.substr(0, cut)) == "", cut);
        std::string other = parent;
        other[cut] = other[cut] == '-' ? '0' : 'G';
        BOOST_TEST(traceparent(other) == "", other);
    }
    const auto with = [&](std::size_t at, const std::string& text) {
        return traceparent(std::string(parent).replace(at, text.size(), text));
    };
    BOOST_TEST(with(0, "ff") == "");
    BOOST_TEST(with(3, std::string(32, '0')) == "");
    BOOST_TEST(with(36, std::string(16, '0')) == "");
    BOOST_TEST(with(3, "4BF9") == "");               // lower case only
    BOOST_TEST(traceparent(parent + "-more") == ""); // of version 00
}

BOOST_AUTO_TEST_CASE(a_later_version_may_say_more)
{
    const auto later = std::string(parent).replace(0, 2, "01");
    BOOST_TEST(traceparent(later) == later);
    BOOST_TEST(traceparent(later + "-more") == later + "-more");
    BOOST_TEST(traceparent(later + "more") == "");
    BOOST_TEST(traceparent(later + "-m ore") == "");
    BOOST_TEST(traceparent(later + "-" + std::string(trace::longest, 'x')) == "");
}

BOOST_AUTO_TEST_SUITE_END()
