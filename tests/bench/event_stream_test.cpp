#include "bench/event_stream.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

// Each event as "name|data", then what is known afterwards.
struct heard {
    std::vector<std::string> events;
    std::string last_id;
    long retry = 0;
};

heard hear(const std::vector<std::string_view>& pieces)
{
    bench::event_stream stream;
    heard h;
    for (std::string_view bytes : pieces) {
        while (stream.next(bytes)) {
            h.events.push_back(stream.name() + "|" + stream.data());
        }
        BOOST_TEST(bytes.empty());
    }
    h.last_id = stream.last_id();
    h.retry = static_cast<long>(stream.retry().count());
    return h;
}

void hears_wherever_it_is_cut(std::string_view wire, const std::vector<std::string>& events,
                              const std::string& last_id, long retry)
{
    const auto check = [&](const heard& h) {
        BOOST_TEST(h.events == events, boost::test_tools::per_element());
        BOOST_TEST(h.last_id == last_id);
        BOOST_TEST(h.retry == retry);
    };
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        BOOST_TEST_CONTEXT("cut at " << cut)
        {
            check(hear({wire.substr(0, cut), wire.substr(cut)}));
        }
    }
    std::vector<std::string_view> single;
    for (std::size_t i = 0; i < wire.size(); ++i) {
        single.push_back(wire.substr(i, 1));
    }
    check(hear(single));
}

} // namespace

BOOST_AUTO_TEST_SUITE(event_stream_)

BOOST_AUTO_TEST_CASE(a_stream_of_docs_protocol)
{
    hears_wherever_it_is_cut("retry: 1734\n\n"
                             "event: walls\ndata: {\"walls\":{}}\nid: 1:57@8123,7:9\n\n"
                             ":\n\n"
                             "event: access\ndata: {\"lost\":[2],\"gained\":[]}\n\n"
                             "retry: 20\nevent: end\ndata: {\"reason\":\"time_up\"}\n\n",
                             {"walls|{\"walls\":{}}", "access|{\"lost\":[2],\"gained\":[]}",
                              "end|{\"reason\":\"time_up\"}"},
                             "1:57@8123,7:9", 20);
}

BOOST_AUTO_TEST_CASE(a_stream_of_nchan)
{
    hears_wherever_it_is_cut(": hi\n\nid: 1700000000:0\ndata: {\"id\":1}\n\n", {"|{\"id\":1}"},
                             "1700000000:0", 3000);
}

BOOST_AUTO_TEST_CASE(lines_end_in_three_ways)
{
    hears_wherever_it_is_cut("data: a\r\n\r\ndata: b\r\rdata: c\n\n", {"|a", "|b", "|c"}, "", 3000);
    hears_wherever_it_is_cut("data: a\r\ndata: b\r\n\r\n", {"|a\nb"}, "", 3000);
}

BOOST_AUTO_TEST_CASE(fields_as_the_standard_has_them)
{
    hears_wherever_it_is_cut("\xef\xbb\xbf"
                             "data:a\n\n"     // no blank
                             "data:  b\n\n"   // one blank is not part of it
                             "data\n\n"       // empty, and yet data
                             "datas: c\n\n"   // an unknown field
                             "event: x\n\n"   // without data no event, and its name is forgotten
                             "data: d: e\n\n" // only the first colon
                             "retry: 1.5\nretry: -1\nid: 7\n\n"
                             "data: cut off",
                             {"|a", "| b", "|", "|d: e"}, "7", 3000);
}

BOOST_AUTO_TEST_CASE(an_event_that_is_cut_off_has_no_id)
{
    hears_wherever_it_is_cut("data: a\nid: 1\n\ndata: b\nid: 2\n", {"|a"}, "1", 3000);
}

BOOST_AUTO_TEST_SUITE_END()
