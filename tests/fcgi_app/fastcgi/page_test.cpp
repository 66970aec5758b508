// docs/FASTCGI.md names the tests that show what it says: they must exist.
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

namespace {

std::string read(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    BOOST_REQUIRE_MESSAGE(in.good(), file);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string sources_below(const std::filesystem::path& folder)
{
    std::string all;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
        if (file.path().extension() == ".cpp") {
            all += read(file.path());
        }
    }
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(page_)

BOOST_AUTO_TEST_CASE(every_test_that_the_page_names_exists)
{
    const auto page = read("docs/FASTCGI.md");
    const auto sources = sources_below("tests/fcgi_app") + sources_below("tests/fuzz");
    // Names of tests are the long ones in lower case, between backquotes.
    const std::regex name("`([a-z0-9]+(_[a-z0-9]+){2,})`");
    std::size_t found = 0;
    for (std::sregex_iterator at(page.begin(), page.end(), name), end; at != end; ++at, ++found) {
        const auto test = "BOOST_AUTO_TEST_CASE(" + (*at)[1].str() + ")";
        BOOST_TEST((sources.find(test) != std::string::npos), (*at)[1].str());
    }
    BOOST_TEST(found > 50u);
}

BOOST_AUTO_TEST_SUITE_END()
