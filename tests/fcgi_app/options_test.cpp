// --help, the shipped pollster.conf and the documentation say the same of each option, and nothing
// of what is none. POLLSTER_OPTIONS=DIR writes the two files into that copy of the repository
// first.
#include "fcgi_app/config/load.hpp"
#include "fcgi_app/config/options.hpp"
#include "tests/fcgi_app/options_pages.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

using namespace pollster;

namespace {

constexpr const char* shipped = "systemd/pollster.conf";
constexpr const char* page = "docs/OPTIONS.md";

std::vector<std::string> lines_of(std::istream&& in)
{
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) {
        out.push_back(line);
    }
    return out;
}

// The test runs in the root of the repository.
std::vector<std::string> lines_of_file(const char* path)
{
    std::ifstream in(path);
    BOOST_REQUIRE_MESSAGE(in.good(), path << " cannot be read");
    return lines_of(std::move(in));
}

void write_if_asked(const char* path, const std::string& text)
{
    if (const char* root = std::getenv("POLLSTER_OPTIONS")) {
        std::ofstream(std::filesystem::path(root) / path) << text;
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(options_)

BOOST_AUTO_TEST_CASE(the_shipped_file_has_each_option_as_it_is)
{
    write_if_asked(shipped, testing::shipped_file());
    BOOST_TEST(lines_of_file(shipped) == lines_of(std::istringstream(testing::shipped_file())),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_page_has_each_option_as_it_is)
{
    write_if_asked(page, testing::options_page());
    BOOST_TEST(lines_of_file(page) == lines_of(std::istringstream(testing::options_page())),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_help_has_each_option_once_and_no_other)
{
    std::vector<std::string> told;
    for (const auto& line : lines_of(std::istringstream(options_help()))) {
        if (line.starts_with("  --")) {
            told.push_back(line);
        } else {
            BOOST_TEST(line.starts_with("      "), line);
        }
    }
    std::vector<std::string> expected;
    for (const auto& o : options()) {
        expected.push_back("  " + o.flag() + "  (" + o.unit +
                           (o.range.empty() ? "" : ", " + o.range) +
                           "; default: " + o.shown_default + ")");
    }
    BOOST_TEST(told == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(each_option_is_one_and_described)
{
    std::set<std::string> names;
    for (const auto& o : options()) {
        BOOST_TEST(names.insert(o.name).second, o.name);
        BOOST_TEST((find_option(o.name) == &o));
        BOOST_TEST(!o.unit.empty(), o.name);
        BOOST_TEST(!o.shown_default.empty(), o.name);
        BOOST_TEST(!o.description.empty(), o.name);
    }
    BOOST_TEST(names.size() > 40u);
}

// The table itself might refuse it.
BOOST_AUTO_TEST_CASE(a_default_value_is_one_that_may_be_set)
{
    for (const auto& o : options()) {
        if (!o.default_value.empty()) {
            config c;
            BOOST_TEST(!o.set(c, o.default_value), o.name);
        }
    }
    BOOST_TEST(load_file(shipped).errors.empty());
}

BOOST_AUTO_TEST_SUITE_END()
