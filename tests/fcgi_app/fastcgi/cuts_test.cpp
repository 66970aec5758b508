// However the bytes are cut and the requests interleaved: the same answers.
#include "tests/fcgi_app/fastcgi/owner.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>

using namespace fastcgi_test;

namespace {

const pairs post = {{"REQUEST_METHOD", "POST"}, {"LONG", std::string(130, 'v')}, {"EMPTY", ""}};

fastcgi::limits small()
{
    fastcgi::limits l;
    l.max_params_bytes = 400;
    l.max_body_bytes = 20;
    l.max_requests_per_connection = 3;
    l.max_connections = 9;
    return l;
}

// Together they show everything that a peer can do, right and wrong.
std::vector<std::string> conversations()
{
    std::vector<conversation> all;
    all.push_back(conversation().request(1, post, "first").request(1, post, "second", false));
    all.push_back(conversation()
                      .begin(1)
                      .begin(2, false)
                      .params(2, post)
                      .params(1, "\1")
                      .params(1, std::string_view("\0a", 2))
                      .body(1, "x")
                      .end_params(2)
                      .end_params(1)
                      .end_body(1)
                      .end_body(2));
    all.push_back(conversation()
                      .get_values({FCGI_MAX_CONNS, FCGI_MAX_REQS, "?"})
                      .begin(1)
                      .record(FCGI_STDOUT, 0, "unknown", 5)
                      .record(FCGI_PARAMS, 1, "ab", 255)
                      .end_params(1)
                      .record(FCGI_STDIN, 1, "", 7));
    all.push_back(conversation().begin(1).abort(1).request(1, post).abort(1).abort(8));
    all.push_back(conversation()
                      .begin(5, true, FCGI_FILTER)
                      .begin(1)
                      .begin(2)
                      .begin(3)
                      .begin(4, false)
                      .params(3, std::string(401, 'p'))
                      .end_params(3)
                      .end_body(3)
                      .request(5, post, std::string(21, 'b')));
    all.push_back(conversation().begin(1).begin(1).request(2, post));
    all.push_back(conversation().request(2, post).raw(std::string(16, '\2')).request(1, post));
    all.push_back(conversation().request(1, post).begin(0).request(2, post));
    std::vector<std::string> bytes;
    for (const auto& c : all) {
        bytes.push_back(c.bytes());
    }
    return bytes;
}

// Everything that an owner saw, but for the number of feed() calls.
std::string story(const owner& o)
{
    std::string out = o.sent + o.broken;
    for (const auto& e : o.events) {
        out += e + ";";
    }
    for (const auto& r : o.requests) {
        out += std::to_string(r.id) + (r.keep_conn ? "k" : "c") + r.params + "|" + r.body +
               std::to_string(static_cast<int>(r.too_large));
    }
    return out + std::to_string(o.demux.active()) + std::to_string(o.demux.half_received()) +
           std::to_string(static_cast<int>(o.demux.idle()));
}

std::vector<conversation> some_requests(std::mt19937& random, int count)
{
    std::vector<conversation> out;
    for (int n = 1; n <= count; ++n) {
        const auto id = static_cast<fastcgi::request_id>(n * 251 % 65521 + 1);
        const auto params =
            encoded({{"N", std::to_string(n)}, {"LONG", std::string(random() % 300, 'l')}});
        const auto cut = random() % params.size();
        conversation c;
        c.begin(id, random() % 2 == 0);
        if (cut > 0) { // an empty record would end the stream
            c.params(id, std::string_view(params).substr(0, cut));
        }
        c.params(id, std::string_view(params).substr(cut)).end_params(id);
        for (auto pieces = random() % 4; pieces > 0; --pieces) {
            c.body(id, std::string(1 + random() % 50, static_cast<char>('a' + pieces)));
        }
        out.push_back(random() % 10 == 0 ? c.abort(id) : c.end_body(id));
    }
    return out;
}

// The records of all requests in one random order that keeps each request's own order.
std::string interleaved(const std::vector<conversation>& requests, std::mt19937& random)
{
    std::vector<std::size_t> turns;
    for (std::size_t n = 0; n < requests.size(); ++n) {
        turns.insert(turns.end(), requests[n].records().size(), n);
    }
    std::shuffle(turns.begin(), turns.end(), random);
    std::vector<std::size_t> next(requests.size());
    std::string out;
    for (const auto n : turns) {
        out += requests[n].records()[next[n]++];
        if (random() % 20 == 0) {
            out += conversation().get_values({FCGI_MPXS_CONNS}).bytes();
        }
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cuts_)

BOOST_AUTO_TEST_CASE(a_conversation_cut_at_every_byte_gives_the_same_answers)
{
    for (const bool at_once : {false, true}) {
        for (const auto& bytes : conversations()) {
            owner whole(small());
            whole.answers_at_once = at_once;
            whole.feed(bytes);
            for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
                owner parts(small());
                parts.answers_at_once = at_once;
                parts.feed(std::string_view(bytes).substr(0, cut));
                parts.feed(std::string_view(bytes).substr(cut));
                BOOST_REQUIRE(story(parts) == story(whole));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_conversation_fed_byte_by_byte_gives_the_same_answers)
{
    for (const auto& bytes : conversations()) {
        owner whole(small());
        whole.feed(bytes);
        owner single(small());
        single.feed_byte_by_byte(bytes);
        BOOST_TEST(story(single) == story(whole));
    }
}

BOOST_AUTO_TEST_CASE(a_peer_that_leaves_at_any_byte_leaves_nothing_wrong)
{
    for (const auto& bytes : conversations()) {
        for (std::size_t end = 0; end <= bytes.size(); ++end) {
            owner o(small());
            o.feed(std::string_view(bytes).substr(0, end));
            BOOST_REQUIRE(o.demux.half_received() <= o.demux.active());
            BOOST_REQUIRE(o.demux.active() <= small().max_requests_per_connection);
        }
    }
}

BOOST_AUTO_TEST_CASE(interleaved_in_random_order_requests_get_the_answers_that_they_get_in_sequence)
{
    for (unsigned seed = 1; seed <= 20; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed)
        {
            std::mt19937 random(seed);
            const auto requests = some_requests(random, 60);
            owner sequence;
            sequence.answers_at_once = true;
            for (const auto& r : requests) {
                sequence.feed(r);
            }
            sequence.answers.erase(0);

            owner mixed;
            mixed.answers_at_once = true;
            const auto bytes = interleaved(requests, random);
            for (std::string_view rest = bytes; !rest.empty();) {
                const auto piece = rest.substr(0, 1 + random() % 100);
                mixed.feed(piece);
                rest.remove_prefix(piece.size());
            }
            mixed.answers.erase(0); // GET_VALUES are only here
            BOOST_TEST(mixed.answers.size() == 60u);
            BOOST_TEST((mixed.answers == sequence.answers));
            BOOST_TEST(mixed.demux.active() == 0u);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
