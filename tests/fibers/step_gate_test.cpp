#include "fibers/step_gate.hpp"
#include "tests/fibers/in_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>
#include <vector>

using fibers::testing::in_loop;

namespace {

class turns final : public fibers::turn_task {
public:
    explicit turns(fibers::reactor& loop)
        : loop_(loop)
    {
        loop_.at_next_turn(*this);
    }
    void on_turn() override
    {
        ++number;
        loop_.at_next_turn(*this);
    }

    int number = 0;

private:
    fibers::reactor& loop_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(step_gate_)

BOOST_AUTO_TEST_CASE(so_many_steps_a_turn_in_the_order_of_those_who_wait)
{
    in_loop([](fibers::reactor& loop) {
        fibers::step_gate gate(loop, 3);
        turns turn(loop);
        std::map<int, int> steps; // by turn
        std::string order;
        std::vector<boost::fibers::fiber> workers;
        for (char name = 'a'; name <= 'h'; ++name) {
            workers.emplace_back([&, name] {
                for (int step = 0; step < 3; ++step) {
                    gate.pass();
                    ++steps[turn.number];
                    order += name;
                }
            });
        }
        for (auto& w : workers) {
            w.join();
        }
        BOOST_TEST(order.size() == 24u);
        // Those who waited longest go first, so nobody is two steps ahead.
        BOOST_TEST(order.substr(0, 3) == "aaa"); // nobody else has asked yet
        BOOST_TEST(order.substr(3, 7) == "bcdefgh");
        BOOST_TEST(order.substr(10, 7) == "bcdefgh");
        for (const auto& [number, of_turn] : steps) {
            BOOST_TEST(of_turn <= 3, "turn " << number << ": " << of_turn);
        }
    });
}

BOOST_AUTO_TEST_CASE(who_is_alone_waits_for_no_turn)
{
    in_loop([](fibers::reactor& loop) {
        fibers::step_gate gate(loop, 2);
        turns turn(loop);
        gate.pass();
        gate.pass();
        BOOST_TEST(turn.number == 0);
        gate.pass();
        BOOST_TEST(turn.number >= 1);
    });
}

BOOST_AUTO_TEST_SUITE_END()
