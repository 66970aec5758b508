// Real browsers on the shipped page (tests/web/browser_e2e.mjs, tabs_e2e.mjs).
#include "tests/e2e/stack.hpp"

#include <boost/test/unit_test.hpp>

using namespace e2e;

BOOST_AUTO_TEST_CASE(two_browsers_chat_on_the_shipped_page)
{
    const stack s;
    const auto log = s.folder() / "browser.log";
    process browsers({"node", source_folder() / "tests" / "web" / "browser_e2e.mjs",
                      "http://localhost:" + std::to_string(s.port()), "--a", "ann:ann-demo-pass",
                      "--b", "bob:bob-demo-pass", "--wall", "General"},
                     {log, -1, {}});
    const auto code = browsers.wait(std::chrono::minutes(3));
    BOOST_TEST(code.value_or(-1) == 0, read_text(log));
}

BOOST_AUTO_TEST_CASE(twelve_tabs_of_a_browser_have_one_poll_or_stream)
{
    const stack s;
    const auto log = s.folder() / "tabs.log";
    process tabs({"node", source_folder() / "tests" / "web" / "tabs_e2e.mjs",
                  "http://localhost:" + std::to_string(s.port()), "--user", "ann:ann-demo-pass",
                  "--other", "bob:bob-demo-pass"},
                 {log, -1, {}});
    const auto code = tabs.wait(std::chrono::minutes(20));
    BOOST_TEST(code.value_or(-1) == 0, read_text(log));
}
