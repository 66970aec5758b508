// Pages of other origins that show a wall, in a real browser, over the real server
// (docs/EMBED.md; tests/web/embed_e2e.mjs).
#include "tests/e2e/stack.hpp"

#include <boost/test/unit_test.hpp>

using namespace e2e;

namespace {

// Runs a script of tests/web to its end.
void run_script(const stack& s, const std::string& name, std::vector<std::string> arguments)
{
    const auto log = s.folder() / (name + ".log");
    std::vector<std::string> command{"node", source_folder() / "tests" / "web" / name};
    command.insert(command.end(), arguments.begin(), arguments.end());
    process script(command, {log, -1, {}});
    const auto code = script.wait(std::chrono::minutes(20));
    BOOST_TEST(code.value_or(-1) == 0, read_text(log));
}

} // namespace

BOOST_AUTO_TEST_SUITE(embed_)

BOOST_AUTO_TEST_CASE(the_examples_run_across_origins)
{
    const auto shop = std::to_string(free_port());
    stack_options o;
    o.settings = {{"cors_origins", "http://localhost:" + shop}};
    const stack s(o);
    run_script(s, "embed_e2e.mjs",
               {"--url", "http://127.0.0.1:" + std::to_string(s.port()), "--shop", shop});
}

BOOST_AUTO_TEST_SUITE_END()
