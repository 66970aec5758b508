// Numbers out of the text of /metrics, and the frame that is made of them.
#include "fcgi_app/cli/top_view.hpp"

#include <boost/test/unit_test.hpp>

using namespace pollster::cli;
using namespace std::chrono_literals;

namespace {

const reading::time start{};

std::string metrics(int looks, int failures, int clients)
{
    return "# HELP pollster_clients Polls being compared.\n# TYPE pollster_clients gauge\n"
           "pollster_clients " +
           std::to_string(clients) +
           "\npollster_parked_polls 7\npollster_streams 3\npollster_looks_total " +
           std::to_string(looks) + "\npollster_look_failures_total " + std::to_string(failures) +
           "\npollster_last_look_age_seconds 90\n"
           "pollster_build_info{version=\"1.2.3\"} 1\nprocess_start_time_seconds 1000\n";
}

// A histogram with three buckets.
std::string histogram(int to_1ms, int to_10ms, int all)
{
    const std::string name = "pollster_delivery_seconds_bucket{le=\"";
    return name + "0.001\"} " + std::to_string(to_1ms) + "\n" + name + "0.01\"} " +
           std::to_string(to_10ms) + "\n" + name + "+Inf\"} " + std::to_string(all) + "\n";
}

bool has_line(const std::string& frame, const std::string& beginning, const std::string& part)
{
    const auto at = ("\n" + frame).find("\n" + beginning);
    return at != std::string::npos &&
           frame.substr(at, frame.find('\n', at) - at).find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(top_)

BOOST_AUTO_TEST_CASE(lines_of_one_name_are_summed_and_comments_passed_over)
{
    const reading r("# TYPE a counter\na{x=\"b c\"} 2\na{x=\"}\"} 3.5\nab 7\n\nno number\na 1e3",
                    start);
    BOOST_TEST(r.sum("a") == 1005.5);
    BOOST_TEST(r.sum("ab") == 7);
    BOOST_TEST(r.sum("b") == 0);
    BOOST_TEST(!r.has("# TYPE a"));
    BOOST_TEST(reading("v{version=\"1.2\"} 1", start).label("v") == "1.2");
}

BOOST_AUTO_TEST_CASE(buckets_of_several_labels_are_added_or_told_apart)
{
    const reading r("s_bucket{call=\"a\",le=\"0.5\"} 1\ns_bucket{call=\"a\",le=\"+Inf\"} 2\n"
                    "s_bucket{call=\"b\",le=\"0.5\"} 10\ns_bucket{call=\"b\",le=\"+Inf\"} 20\n",
                    start);
    BOOST_TEST(r.buckets("s").at(0.5) == 11);
    BOOST_TEST(r.buckets("s", "call=\"b\"").rbegin()->second == 20);
}

BOOST_AUTO_TEST_CASE(a_quantile_lies_between_the_bounds_of_its_bucket)
{
    const auto before =
        reading(histogram(100, 100, 100), start).buckets("pollster_delivery_seconds");
    const auto now = reading(histogram(150, 200, 200), start).buckets("pollster_delivery_seconds");
    BOOST_TEST(quantile(0.5, before, now) == 0.001, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(quantile(0.75, before, now) == 0.0055, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(quantile(0.5, now, now) < 0); // nothing between the two
    BOOST_TEST(quantile(0.5, {}, {}) < 0);
    const auto late = reading(histogram(0, 0, 5), start).buckets("pollster_delivery_seconds");
    BOOST_TEST(quantile(0.5, {}, late) == 0.01); // more cannot be said
}

BOOST_AUTO_TEST_CASE(durations_have_three_digits)
{
    BOOST_TEST(duration_text(0.0023456) == "2.35 ms");
    BOOST_TEST(duration_text(1.5) == "1.5 s");
    BOOST_TEST(duration_text(-1) == "-");
}

BOOST_AUTO_TEST_CASE(the_database_is_away_if_looks_fail_and_none_succeeds)
{
    const auto text = [](int looks, int failures, int clients) {
        return frame("here", reading(metrics(10, 0, 1), start),
                     reading(metrics(looks, failures, clients), start + 1s));
    };
    BOOST_TEST(has_line(text(11, 0, 1), "database", "last look 2 min ago"));
    BOOST_TEST(has_line(text(10, 1, 1), "database", "AWAY"));
    BOOST_TEST(has_line(text(11, 1, 1), "database", "1 failed"));
    BOOST_TEST(has_line(text(10, 0, 0), "database", "nobody is connected"));
}

BOOST_AUTO_TEST_CASE(a_frame_has_rates_between_its_readings)
{
    const reading before(metrics(1, 0, 9) + "pollster_posts_total 100\n" + histogram(0, 0, 0) +
                             "process_cpu_seconds_total 1\n",
                         start);
    const reading now(metrics(3, 0, 9) + "pollster_posts_total 125\n" + histogram(0, 10, 10) +
                          "process_cpu_seconds_total 1.5\nprocess_resident_memory_bytes 10485760\n",
                      start + 2s);
    const auto text = frame("http://x/api", before, now);
    BOOST_TEST(has_line(text, "pollster", "1.2.3 at http://x/api"));
    BOOST_TEST(has_line(text, "clients", "9 connected"));
    BOOST_TEST(has_line(text, "clients", "3 streams"));
    BOOST_TEST(has_line(text, "a second", "12 posts"));
    BOOST_TEST(has_line(text, "delivery", "5.5 ms p50"));
    BOOST_TEST(has_line(text, "process", "25.0 % CPU"));
    BOOST_TEST(has_line(text, "process", "10 MB memory"));
}

BOOST_AUTO_TEST_CASE(the_first_frame_is_of_all_the_time_since_the_start)
{
    const reading first(metrics(1, 0, 9) + "pollster_posts_total 500\n", start + 100s);
    const auto text = frame("here", before_all(first, 1050), first); // started at 1000
    BOOST_TEST(has_line(text, "a second", "10 posts"));
}

BOOST_AUTO_TEST_SUITE_END()
