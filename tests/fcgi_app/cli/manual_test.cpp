// man pages and completion say what the program's tables say. POLLSTER_OPTIONS=DIR writes them into
// that copy of the repository first.
#include "fcgi_app/config/options.hpp"
#include "tests/fcgi_app/cli/manual_pages.hpp"
#include "tests/fcgi_app/cli/shell.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace pollster;
using namespace pollster::cli;

namespace {

std::vector<std::string> lines_of(std::istream&& in)
{
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) {
        out.push_back(line);
    }
    return out;
}

// The test runs in the root of the repository.
void file_is(const char* path, const std::string& text)
{
    if (const char* root = std::getenv("POLLSTER_OPTIONS")) {
        std::filesystem::create_directories((std::filesystem::path(root) / path).parent_path());
        std::ofstream(std::filesystem::path(root) / path) << text;
    }
    std::ifstream in(path);
    BOOST_REQUIRE_MESSAGE(in.good(), path << " cannot be read");
    BOOST_TEST(lines_of(std::move(in)) == lines_of(std::istringstream(text)),
               boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_SUITE(manual_)

BOOST_AUTO_TEST_CASE(the_page_of_the_program_has_each_command)
{
    const auto page = testing::program_page();
    std::size_t titles = 0;
    for (auto at = page.find("\n.SS "); at != std::string::npos; at = page.find("\n.SS ", at + 1)) {
        ++titles;
    }
    BOOST_TEST(titles == commands().size());
    file_is("docs/man/pollster.8", page);
}

BOOST_AUTO_TEST_CASE(the_page_of_the_settings_has_each_option)
{
    const auto page = testing::settings_page();
    for (const option& o : options()) {
        BOOST_TEST(page.find(".TP\n\\fB" + o.name + "\\fR\n") != std::string::npos, o.name);
    }
    file_is("docs/man/pollster.conf.5", page);
}

BOOST_AUTO_TEST_CASE(the_completion_has_each_command_and_option)
{
    file_is("docs/man/pollster.bash", testing::completion());
}

BOOST_AUTO_TEST_SUITE_END()
