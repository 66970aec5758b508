// Runs every fuzz target over its kept corpus: what fuzzing once found does not come back.
#include "tests/fuzz/targets.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

BOOST_AUTO_TEST_SUITE(corpus_)

BOOST_AUTO_TEST_CASE(every_target_survives_its_corpus)
{
    for (const auto& target : fuzz::targets) {
        std::size_t files = 0;
        const std::filesystem::path folder = "tests/fuzz/corpus/" + std::string(target.name);
        for (const auto& file : std::filesystem::directory_iterator(folder)) {
            BOOST_TEST_CONTEXT(file.path()) // an abort names the file
            {
                std::ifstream in(file.path(), std::ios::binary);
                const std::string bytes(std::istreambuf_iterator<char>(in), {});
                target.run(bytes);
                ++files;
            }
        }
        BOOST_TEST(files > 0u, "no corpus for " << target.name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
