// How a line looks for a terminal, for the journal and for a program; a log file that is rotated.
#include "fcgi_app/log/formats.hpp"
#include "fcgi_app/log/log.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <spdlog/details/log_msg.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace pollster;
namespace fs = std::filesystem;
namespace level = spdlog::level;

namespace {

std::string line(const std::string& pattern, bool priorities, level::level_enum l,
                 const std::string& text)
{
    spdlog::memory_buf_t out;
    make_format(pattern, priorities)->format({"", l, text}, out);
    return {out.data(), out.size()};
}

struct own_folder {
    fs::path path = fs::temp_directory_path() / ("pollster-log-" + std::to_string(::getpid()));
    own_folder() { fs::create_directories(path); }
    ~own_folder()
    {
        spdlog::set_default_logger(std::make_shared<spdlog::logger>(""));
        fs::remove_all(path);
    }
    own_folder(const own_folder&) = delete;
    own_folder& operator=(const own_folder&) = delete;

    std::string read(const std::string& name) const
    {
        std::stringstream out;
        out << std::ifstream(path / name).rdbuf();
        return out.str();
    }
    log_settings to(const std::string& name, const std::string& least = "info") const
    {
        return {least, path / name, "%l %v"};
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(log_)

BOOST_AUTO_TEST_CASE(each_level_has_the_priority_of_sd_daemon)
{
    BOOST_TEST(line("%v", true, level::debug, "x") == "<7>x\n");
    BOOST_TEST(line("%v", true, level::info, "x") == "<6>x\n");
    BOOST_TEST(line("%l %v", true, level::warn, "x") == "<4>warning x\n");
    BOOST_TEST(line("%v", true, level::err, "x") == "<3>x\n");
    BOOST_TEST(line("%v", true, level::critical, "x") == "<2>x\n");
    BOOST_TEST(line("%v", false, level::err, "x") == "x\n");
}

BOOST_AUTO_TEST_CASE(json_is_an_object_a_line_whatever_the_message)
{
    for (const std::string text :
         {"plain", "\"quoted\" \\ and \ttab", "line\nbreak \x1b[31m", "\xc3\xa4 \xe2\x80\xa6"}) {
        const auto written = line("json", false, level::warn, text);
        BOOST_TEST(written.find('\n') == written.size() - 1);
        const auto object = boost::json::parse(written).as_object();
        BOOST_TEST(object.at("message").as_string() == text);
        BOOST_TEST(object.at("level").as_string() == "warning");
        const std::string time(object.at("time").as_string()); // 2026-11-29T05:30:20.123+01:00
        BOOST_TEST(time.size() == 29u, time);
        BOOST_TEST(time[10] == 'T');
    }
    // PostgreSQL may speak another encoding before it knows ours.
    BOOST_TEST(boost::json::parse(line("json", false, level::info, "gr\xfc\xdf")).at("message") ==
               "gr??");
    BOOST_TEST(line("json", true, level::info, "x").starts_with("<6>{"));
}

BOOST_AUTO_TEST_CASE(json_names_the_request_that_a_line_is_about)
{
    const auto members = [](const std::string& text) {
        auto object = boost::json::parse(line("json", false, level::info, text)).as_object();
        BOOST_TEST(object.at("message").as_string() == text);
        for (const auto* always : {"time", "level", "message"}) {
            object.stable_erase(always);
        }
        return boost::json::serialize(object);
    };
    BOOST_TEST(members("request 17: a poll failed: x") == R"({"request":17})");
    BOOST_TEST(members("request 17 id=4bf9:2f: a poll failed") ==
               R"({"request":17,"request_id":"4bf9:2f"})");
    BOOST_TEST(members("request 17 id=a\"b traceparent=00-1-2-01 GET / -> 200") ==
               R"({"request":17,"request_id":"a\"b","traceparent":"00-1-2-01"})");
    BOOST_TEST(members("request 17 traceparent=00-1-2-01: x") ==
               R"({"request":17,"traceparent":"00-1-2-01"})");
    BOOST_TEST(members("request 17 failed: id=no") == R"({"request":17})");
    BOOST_TEST(members("request 17: id=no") == R"({"request":17})");
    for (const std::string none : {"", "request", "request ", "request : x", "request x: y",
                                   "requests 17: x", " request 17: x"}) {
        BOOST_TEST(members(none) == "{}", none);
    }
}

BOOST_AUTO_TEST_CASE(the_journal_is_known_by_device_and_inode)
{
    const own_folder folder;
    std::ofstream(folder.path / "a") << "";
    std::ofstream(folder.path / "b") << "";
    const auto named = [&](const char* name) {
        struct stat it{};
        BOOST_REQUIRE(::stat((folder.path / name).c_str(), &it) == 0);
        return std::to_string(it.st_dev) + ":" + std::to_string(it.st_ino);
    };
    FILE* a = std::fopen((folder.path / "a").c_str(), "r");
    BOOST_REQUIRE(a != nullptr);
    BOOST_TEST(is_journal(named("a").c_str(), ::fileno(a)));
    BOOST_TEST(!is_journal(named("b").c_str(), ::fileno(a))); // redirected since
    BOOST_TEST(!is_journal("", ::fileno(a)));
    BOOST_TEST(!is_journal(nullptr, ::fileno(a)));
    std::fclose(a);
    BOOST_TEST(!is_journal(named("a").c_str(), -1));
}

BOOST_AUTO_TEST_CASE(a_file_that_was_moved_away_is_opened_anew)
{
    const own_folder folder;
    BOOST_TEST(!start_log(folder.to("log")));
    spdlog::info("one");
    fs::rename(folder.path / "log", folder.path / "log.1");
    spdlog::info("two"); // still there
    BOOST_TEST(!change_log(folder.to("log")));
    spdlog::info("three");
    BOOST_TEST(folder.read("log.1") == "info one\ninfo two\n");
    BOOST_TEST(folder.read("log") == "info three\n");
}

BOOST_AUTO_TEST_CASE(level_and_file_change_and_what_cannot_be_opened_changes_nothing)
{
    const own_folder folder;
    BOOST_TEST(!start_log(folder.to("a")));
    spdlog::debug("not heard");
    BOOST_TEST(!change_log(folder.to("b", "debug")));
    spdlog::debug("heard");
    BOOST_TEST(folder.read("a") == "");
    BOOST_TEST(folder.read("b") == "debug heard\n");

    const auto wrong = change_log(folder.to("no/such/folder"));
    BOOST_TEST_REQUIRE(wrong.has_value());
    BOOST_TEST(wrong->find("no/such/folder: No such file or directory") != std::string::npos);
    spdlog::debug("as before");
    BOOST_TEST(folder.read("b") == "debug heard\ndebug as before\n");
    BOOST_TEST(start_log(folder.to("no/such/folder")).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
