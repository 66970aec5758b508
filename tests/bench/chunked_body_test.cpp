#include "bench/chunked_body.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

struct decoded {
    std::string body, rest;
    bool ended = false, malformed = false;
};

decoded decode(const std::vector<std::string_view>& pieces)
{
    bench::chunked_body body;
    decoded d;
    for (std::string_view bytes : pieces) {
        for (auto piece = body.next(bytes); !piece.empty(); piece = body.next(bytes)) {
            d.body += piece;
        }
        d.rest += bytes;
    }
    d.ended = body.ended();
    d.malformed = body.malformed();
    return d;
}

} // namespace

BOOST_AUTO_TEST_SUITE(chunked_body_)

BOOST_AUTO_TEST_CASE(chunks_are_put_together_wherever_they_are_cut)
{
    const std::string wire = "5\r\nhello\r\n"
                             "00A;name=value\r\n, world\r\n!\r\n"
                             "0\r\nTrailer: value\r\n\r\n"
                             "HTTP/1.1 200";
    const std::string_view all = wire;
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        const auto d = decode({all.substr(0, cut), all.substr(cut)});
        BOOST_TEST_CONTEXT("cut at " << cut)
        {
            BOOST_TEST(d.body == "hello, world\r\n!");
            BOOST_TEST(d.ended);
            BOOST_TEST(d.rest == "HTTP/1.1 200");
        }
    }
    std::vector<std::string_view> single;
    for (std::size_t i = 0; i < all.size(); ++i) {
        single.push_back(all.substr(i, 1));
    }
    BOOST_TEST(decode(single).body == "hello, world\r\n!");
}

BOOST_AUTO_TEST_CASE(it_has_not_ended_before_its_last_byte)
{
    const std::string_view wire = "1\r\na\r\n0\r\n\r\n";
    for (std::size_t cut = 0; cut < wire.size(); ++cut) {
        const auto d = decode({wire.substr(0, cut)});
        BOOST_TEST(!d.ended);
        BOOST_TEST(!d.malformed);
    }
    BOOST_TEST(decode({wire}).ended);
}

BOOST_AUTO_TEST_CASE(what_is_no_chunk_is_malformed)
{
    for (const std::string_view wire :
         {"\r\n", "g\r\n", "-1\r\n", "5x\r\n", "123456789\r\n", "1\rx", "1\r\nab\r\n", "1\r\na\n",
          "0\r\n\rx", "{\"walls\":{}}"}) {
        const auto d = decode({wire});
        BOOST_TEST(d.malformed, wire);
        BOOST_TEST(!d.ended);
    }
}

BOOST_AUTO_TEST_SUITE_END()
