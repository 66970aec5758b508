// From a request to its answer, byte by byte, and what happens when the peer goes.
#include "fcgi_app/fastcgi/server.hpp"

#include "fcgi_app/fastcgi/encode.hpp"
#include "tests/fcgi_app/fastcgi/served.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <optional>

using fastcgi::exchange;
using fastcgi::request;
using fibers::testing::in_loop;
using namespace fastcgi_test;
using exchange_ptr = std::unique_ptr<exchange>;

namespace {

const std::string head = "Status: 200 OK\r\n\r\n";

std::string answer_bytes(fastcgi::request_id id, std::string_view content)
{
    std::string out;
    fastcgi::append_answer(out, id, content);
    return out;
}

// Keeps every request open, for the test to do something with.
struct keeper {
    std::vector<request> requests;
    std::vector<exchange_ptr> open;

    fastcgi::handler handler()
    {
        return [this](request&& r, exchange_ptr e) {
            requests.push_back(std::move(r));
            open.push_back(std::move(e));
        };
    }
};

struct counting_listener final : fastcgi::disconnect_listener {
    int calls = 0;
    void on_disconnect() override { ++calls; }
};

void echo(request&& r, exchange_ptr e)
{
    e->begin(head);
    e->write(std::string(r.param("FOR")) + r.body);
    e->end();
}

} // namespace

BOOST_AUTO_TEST_SUITE(server_)

BOOST_AUTO_TEST_CASE(what_is_begun_written_and_ended_in_one_turn_is_one_record)
{
    in_loop([](fibers::reactor& loop) {
        served s(loop, echo);
        peer p(s);
        p.send(conversation().request(7, {{"FOR", "you"}}, " and me"));
        BOOST_TEST(p.bytes_up_to_end_of(7) == answer_bytes(7, head + "you and me"));
        BOOST_TEST(s.seen.count("request 1") == 1u);
        p.send(asking(7, "again")); // the id is free
        BOOST_TEST(p.bytes_up_to_end_of(7) == answer_bytes(7, head + "again"));
        BOOST_TEST(s.seen.count("request 2") == 1u);
    });
}

BOOST_AUTO_TEST_CASE(what_is_written_leaves_before_the_end)
{
    in_loop([](fibers::reactor& loop) {
        keeper k;
        served s(loop, k.handler());
        peer p(s);
        p.send(asking(1, ""));
        until([&] { return k.open.size() == 1; });
        k.open[0]->begin(head);
        auto records = p.some_records(); // the head alone, for nothing else was written
        BOOST_REQUIRE(records.size() == 1u);
        BOOST_TEST(records[0].content == head);
        k.open[0]->write("one, ");
        k.open[0]->write("and one more"); // in the same turn
        records = p.some_records();
        BOOST_REQUIRE(records.size() == 1u);
        BOOST_TEST(records[0].content == "one, and one more");
        k.open[0]->write("two");
        k.open[0]->end();
        BOOST_TEST(p.bytes_up_to_end_of(1) == answer_bytes(1, "two"));
    });
}

BOOST_AUTO_TEST_CASE(what_is_flushed_leaves_at_once_unless_others_share_its_connection)
{
    in_loop([](fibers::reactor& loop) {
        keeper k;
        served s(loop, k.handler());
        peer p(s);
        p.send(asking(1, ""));
        until([&] { return k.open.size() == 1; });
        const auto written_and_flushed = [&](const std::string& event) {
            k.open[0]->write(event);
            BOOST_TEST(!p.something_there());
            k.open[0]->flush();
            return p.something_there();
        };
        k.open[0]->begin(head);
        BOOST_TEST(written_and_flushed("one"));
        auto records = p.some_records();
        BOOST_REQUIRE(records.size() == 1u);
        BOOST_TEST(records[0].content == head + "one");
        p.send(asking(2, ""));
        until([&] { return k.open.size() == 2; });
        BOOST_TEST(!written_and_flushed("two, "));
        BOOST_TEST(!written_and_flushed("three"));
        records = p.some_records();
        BOOST_REQUIRE(records.size() == 1u);
        BOOST_TEST(records[0].content == "two, three");
        k.open[1]->end();
        p.answer_of(2);
        k.open[0]->flush(); // of nothing
        BOOST_TEST(!p.something_there());
        BOOST_TEST(written_and_flushed("four"));
        k.open[0]->end();
        BOOST_TEST(p.bytes_up_to_end_of(1) == answer_bytes(1, "four"));
        p.send_no_more();
        BOOST_TEST(p.closed());
        k.open[0]->flush(); // ended, and its connection is gone
    });
}

BOOST_AUTO_TEST_CASE(requests_that_write_by_turns_keep_their_records_apart)
{
    in_loop([](fibers::reactor& loop) {
        keeper k;
        served s(loop, k.handler());
        peer p(s);
        p.send(asking(1, "").bytes() + asking(2, "").bytes());
        until([&] { return k.open.size() == 2; });
        for (const std::string_view part : {"a", "b", "c"}) {
            k.open[0]->write(std::string("1") + std::string(part));
            k.open[1]->write(std::string("2") + std::string(part));
        }
        k.open[1]->end();
        k.open[0]->end();
        BOOST_TEST(p.answer_of(1) == "1a1b1c");
        BOOST_TEST(p.answer_of(2) == "2a2b2c");
    });
}

BOOST_AUTO_TEST_CASE(nothing_written_makes_no_record_that_would_end_the_stream)
{
    in_loop([](fibers::reactor& loop) {
        served s(loop, [](request&&, exchange_ptr e) {
            e->begin("");
            e->write("");
            e->write("x");
            e->end();
        });
        peer p(s);
        p.send(asking(1, ""));
        BOOST_TEST(p.bytes_up_to_end_of(1) == answer_bytes(1, "x"));
    });
}

BOOST_AUTO_TEST_CASE(a_long_write_is_cut_into_full_records_behind_the_head)
{
    const std::string body(150'000, 'b');
    in_loop([&](fibers::reactor& loop) {
        served s(loop, [&](request&&, exchange_ptr e) {
            e->begin(head);
            e->write(body);
            e->end();
        });
        peer p(s);
        p.send(asking(1, ""));
        BOOST_TEST((p.bytes_up_to_end_of(1) == answer_bytes(1, head + body)));
    });
}

BOOST_AUTO_TEST_CASE(a_large_write_uses_up_its_parts_and_arrives_whole)
{
    const std::string page(exchange::in_one + 12'345, 'p');
    in_loop([&](fibers::reactor& loop) {
        bool used_up = false;
        served s(loop, [&](request&&, exchange_ptr e) {
            std::array<std::string_view, 3> parts{"[", page, "]"};
            e->begin(head);
            e->write(parts);
            used_up = parts[0].empty() && parts[1].empty() && parts[2].empty();
            e->end();
        });
        peer p(s);
        p.send(asking(1, ""));
        BOOST_TEST((p.answer_of(1) == head + "[" + page + "]"));
        BOOST_TEST(used_up);
    });
}

BOOST_AUTO_TEST_CASE(an_exchange_that_is_destroyed_without_an_end_ends_its_request)
{
    in_loop([](fibers::reactor& loop) {
        keeper k;
        served s(loop, k.handler());
        peer p(s);
        p.send(asking(1, "").bytes() + asking(2, "").bytes());
        until([&] { return k.open.size() == 2; });
        k.open[1]->begin(head);
        k.open.clear();
        BOOST_TEST(p.answer_of(1) == "");
        BOOST_TEST(p.answer_of(2) == head);
        BOOST_TEST(p.end_status_of(1) == FCGI_REQUEST_COMPLETE);
    });
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_is_told_and_its_request_ended)
{
    in_loop([](fibers::reactor& loop) {
        served s(loop, [](request&&, exchange_ptr) { throw std::runtime_error("a fault"); });
        peer p(s);
        p.send(asking(1, ""));
        BOOST_TEST(p.answer_of(1) == "");
        BOOST_TEST(s.seen.count("request 1 threw a fault") == 1u);
    });
}

BOOST_AUTO_TEST_CASE(a_connection_without_keep_conn_is_closed_after_its_answer)
{
    in_loop([](fibers::reactor& loop) {
        served s(loop, echo);
        peer p(s);
        p.send(conversation().request(1, {{"FOR", "once"}}, {}, false));
        BOOST_TEST(p.answer_of(1) == head + "once");
        BOOST_TEST(p.closed());
        BOOST_TEST(s.server.connections() == 0u);
        BOOST_TEST(s.seen.all == (std::vector<std::string>{"opened", "request 1", "closed"}));
    });
}

BOOST_AUTO_TEST_CASE(a_peer_that_only_stops_sending_gets_its_answer)
{
    in_loop([](fibers::reactor& loop) {
        keeper k;
        served s(loop, k.handler());
        peer p(s);
        p.send(asking(1, ""));
        p.send_no_more();
        until([&] { return !k.open.empty() && k.open[0]->gone(); });
        k.open[0]->write("late");
        k.open[0]->end();
        BOOST_TEST(p.answer_of(1) == "late");
        BOOST_TEST(p.closed());
    });
}

BOOST_AUTO_TEST_CASE(a_disconnect_is_told_once_on_an_abort_and_not_to_who_deregistered)
{
    in_loop([](fibers::reactor& loop) {
        keeper k;
        served s(loop, k.handler());
        std::optional<peer> p(std::in_place, s);
        p->send(asking(1, "").bytes() + asking(2, "").bytes() + asking(3, "").bytes());
        until([&] { return k.open.size() == 3; });
        counting_listener aborted;
        counting_listener stays;
        counting_listener deregistered;
        k.open[0]->on_disconnect(&aborted);
        k.open[1]->on_disconnect(&stays);
        k.open[2]->on_disconnect(&deregistered);
        k.open[2]->on_disconnect(nullptr);
        p->send(conversation().abort(1).abort(3));
        until([&] { return k.open[0]->gone() && k.open[2]->gone(); });
        BOOST_TEST(aborted.calls == 1);
        BOOST_TEST(!k.open[1]->gone());
        BOOST_TEST(stays.calls == 0);
        BOOST_TEST(deregistered.calls == 0);
        p.reset(); // closes
        until([&] { return k.open[1]->gone(); });
        until([&] { return s.server.connections() == 0 || k.open[0] != nullptr; });
        BOOST_TEST(stays.calls == 1);
        BOOST_TEST(aborted.calls == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_disconnect_that_has_happened_is_told_at_once)
{
    in_loop([](fibers::reactor& loop) {
        keeper k;
        served s(loop, k.handler());
        peer p(s);
        p.send(asking(1, "").bytes() + conversation().abort(1).bytes());
        until([&] { return !k.open.empty() && k.open[0]->gone(); });
        counting_listener late;
        k.open[0]->on_disconnect(&late);
        BOOST_TEST(late.calls == 1);
        k.open[0]->on_disconnect(nullptr); // asks for nothing
        BOOST_TEST(late.calls == 1);
        int called_back = 0;
        {
            const fastcgi::disconnect_callback left(*k.open[0], [&] { ++called_back; });
        }
        BOOST_TEST(called_back == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_callback_that_has_gone_out_of_scope_is_not_called)
{
    in_loop([](fibers::reactor& loop) {
        keeper k;
        served s(loop, k.handler());
        std::optional<peer> p(std::in_place, s);
        p->send(asking(1, ""));
        until([&] { return !k.open.empty(); });
        int calls = 0;
        {
            const fastcgi::disconnect_callback left(*k.open[0], [&] { ++calls; });
        }
        p.reset();
        until([&] { return k.open[0]->gone(); });
        BOOST_TEST(calls == 0);
    });
}

BOOST_AUTO_TEST_CASE(an_exchange_outlives_its_connection)
{
    in_loop([](fibers::reactor& loop) {
        keeper k;
        served s(loop, k.handler());
        peer p(s);
        p.send(asking(1, "").bytes() + conversation().raw(std::string(8, '\0')).bytes());
        until([&] { return !k.open.empty() && s.server.connections() == 0; });
        BOOST_TEST(s.seen.count("broken") == 1u);
        BOOST_TEST(k.open[0]->gone());
        BOOST_TEST(!k.open[0]->full());
        std::array<std::string_view, 1> parts{"large"};
        k.open[0]->begin(head);
        k.open[0]->write("x");
        k.open[0]->write(parts);
        k.open[0]->wait_until_it_reads();
        k.open[0]->end();
        k.open.clear();
        BOOST_TEST(p.closed());
    });
}

BOOST_AUTO_TEST_CASE(requests_with_an_error_reach_the_handler_and_the_connection_stays)
{
    fastcgi::limits few;
    few.max_params_bytes = 100;
    few.max_body_bytes = 10;
    in_loop([&](fibers::reactor& loop) {
        std::vector<fastcgi::request_error> errors;
        served s(
            loop,
            [&](request&& r, exchange_ptr e) {
                errors.push_back(r.error);
                e->write(r.param("FOR"));
                e->end();
            },
            few);
        peer p(s);
        p.send(asking(1, std::string(200, 'x')));
        BOOST_TEST(p.answer_of(1) == "");
        p.send(conversation().request(2, {{"FOR", "a body"}}, "far too long"));
        BOOST_TEST(p.answer_of(2) == "a body"); // its params can be read
        p.send(conversation().begin(3).params(3, "\x7f").end_params(3).end_body(3));
        BOOST_TEST(p.answer_of(3) == "");
        p.send(asking(4, "nothing wrong"));
        BOOST_TEST(p.answer_of(4) == "nothing wrong");
        using enum fastcgi::request_error;
        BOOST_TEST(
            (errors == std::vector{params_too_large, body_too_large, malformed_params, none}));
        BOOST_TEST(s.seen.count("request 1: params too large") == 1u);
        BOOST_TEST(s.seen.count("request 2: body too large") == 1u);
        BOOST_TEST(s.seen.count("request 3: malformed params") == 1u);
    });
}

BOOST_AUTO_TEST_CASE(params_stay_good_when_their_request_is_moved)
{
    fastcgi::raw_request raw;
    fastcgi::append_param(raw.params, "A", "1"); // so short that a string holds it inside
    request first(1, std::move(raw));
    request second(std::move(first));
    BOOST_TEST(second.param("A") == "1");
    const auto* const at = reinterpret_cast<const std::byte*>(second.params.at(0).first.data());
    const auto* const moved_from =
        reinterpret_cast<const std::byte*>(&first); // NOLINT(bugprone-use-after-move): its address
    BOOST_TEST((at < moved_from || at >= moved_from + sizeof first)); // it will be gone
    BOOST_TEST(second.param("B") == "");
    second.drop_params();
    BOOST_TEST(second.params.empty());
}

BOOST_AUTO_TEST_SUITE_END()
