// Pages of other origins that show a wall, in a real browser, over the real server
// (docs/EMBED.md; tests/web/embed_e2e.mjs).
#include "tests/e2e/applications.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <fstream>

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

// What docs/EMBED.md says for nginx, with this origin.
std::string frame_of(const std::string& origin)
{
    const auto page = read_text(source_folder() / "docs" / "EMBED.md");
    const std::string fence = "```nginx\n";
    const auto begin = page.find(fence) + fence.size();
    auto block = page.substr(begin, page.find("```", begin) - begin);
    const std::string printed = "https://www.shop.example";
    return block.replace(block.find(printed), printed.size(), origin);
}

std::string policy_of(const stack& s, const std::string& path)
{
    return s.client().call("GET", path).header("Content-Security-Policy");
}

} // namespace

BOOST_AUTO_TEST_SUITE(embed_)

BOOST_AUTO_TEST_CASE(one_page_may_be_framed_by_whom_the_site_names_and_else_nothing_by_anybody)
{
    stack s({.demo = false, .start = false});
    const std::string none = "frame-ancestors 'none'";
    const auto page = policy_of(s, "/");
    BOOST_TEST(page.ends_with(none), page);
    const auto before = s.client().call("GET", "/embed.html");
    BOOST_TEST(before.status == 200);
    BOOST_TEST(before.header("Content-Security-Policy") == page);
    BOOST_TEST(before.header("X-Frame-Options") == "DENY");
    change_nginx(s, "pollster/pollster.conf", "include pollster/snippets/page.conf;",
                 frame_of("https://a.example https://b.example"));
    const auto after = s.client().call("GET", "/embed.html");
    BOOST_TEST(after.header("Content-Security-Policy") ==
               page.substr(0, page.size() - none.size()) +
                   "frame-ancestors https://a.example https://b.example");
    BOOST_TEST(after.header("X-Frame-Options") == "");
    BOOST_TEST(after.header("X-Content-Type-Options") == "nosniff");
    BOOST_TEST(after.header("Content-Type") == "text/html; charset=utf-8");
    for (const auto* path : {"/", "/index.html", "/embed.js", "/embed.html/", "//embed.htm"}) {
        const auto other = s.client().call("GET", path);
        BOOST_TEST((other.status == 404 || other.header("Content-Security-Policy") == page), path);
    }
}

BOOST_AUTO_TEST_CASE(the_examples_run_across_origins)
{
    const auto shop = std::to_string(free_port());
    stack_options o;
    o.settings = {{"cors_origins", "http://localhost:" + shop}};
    stack s(o);
    change_nginx(s, "pollster/pollster.conf", "include pollster/snippets/page.conf;",
                 frame_of("http://localhost:" + shop));
    run_script(s, "embed_e2e.mjs",
               {"--url", "http://127.0.0.1:" + std::to_string(s.port()), "--shop", shop});
}

// A wall that is open to all, and a token that the application signs (sign_tokens.py).
BOOST_AUTO_TEST_CASE(guests_read_across_origins)
{
    const auto folder =
        std::filesystem::temp_directory_path() / ("pollster_guests_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    const std::string signer = source_folder() / "tests/e2e/sign_tokens.py";
    const auto signer_says = [&](const std::string& what, const std::string& more) {
        std::vector<std::string> words{"/usr/bin/python3", signer, what, folder, "app:EdDSA"};
        if (!more.empty()) {
            words.push_back(more);
        }
        const auto done = run(words);
        BOOST_TEST_REQUIRE(done.code == 0, done.output);
        return done.output.substr(0, done.output.find('\n'));
    };
    std::ofstream(folder / "keys.json") << signer_says("keys", "");
    const auto shop = std::to_string(free_port());
    stack_options o;
    o.settings = {{"cors_origins", "http://localhost:" + shop},
                  {"token_keys", folder / "keys.json"}};
    stack s(o);
    s.administer({"wall", "open", "#1"});
    change_nginx(s, "pollster/pollster.conf", "include pollster/snippets/page.conf;",
                 frame_of("http://localhost:" + shop));
    run_script(s, "embed_e2e.mjs",
               {"--url", "http://127.0.0.1:" + std::to_string(s.port()), "--shop", shop, "--guest",
                signer_says("sign", R"({"walls":[1]})")});
    std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()
