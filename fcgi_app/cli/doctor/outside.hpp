// The way from a browser to Pollster, as a browser would meet it: everything between this host and
// the URL. Asks by curl. Blocking, up to some two minutes; main thread.
#pragma once

#include "db/admin.hpp"
#include "fcgi_app/cli/doctor/finding.hpp"
#include "fcgi_app/cli/doctor/nginx_checks.hpp"
#include "fcgi_app/config/config.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pollster::doctor {

// None: it is no http or https URL.
std::optional<target> target_of(const std::string& url);

// An answer, as curl got it.
struct web_answer {
    int status = 0;                   // 0: none
    std::string version;              // of HTTP: "1.1", "2"
    std::vector<std::string> headers; // "name: value", names in small letters
    std::string body;
    std::chrono::milliseconds took{};
    std::string error; // curl's; empty: none

    std::vector<std::string> all(const std::string& name) const; // values of a header
};
// What `curl --include --write-out '\n%{http_version} %{time_total}'` printed.
web_answer answer_of(const std::string& printed);

// What is wrong with an answer to a page of `origin`, which is allowed or not. Pure.
std::vector<finding> judge_cors(const web_answer& a, const std::string& origin, bool allowed);
// What is wrong with the answer to a parked poll that a post with this text was to end. Pure.
std::vector<finding> judge_news(const web_answer& a, const std::string& text,
                                std::chrono::milliseconds took);
// What is wrong with a stream that was read for a while, and that the post should be in. Pure.
std::vector<finding> judge_stream(const web_answer& a, const std::string& text);
// What is wrong with the end of a poll without news, which should have waited `longest`. Pure.
std::vector<finding> judge_parked(const web_answer& a, std::chrono::milliseconds longest);

struct outside_view {
    const config& settings;
    std::string url; // of the site, or of Pollster's own mount in it
    // To park polls, as a visitor that is removed afterwards; null: none are parked.
    db::administrator* administrator = nullptr;
    std::function<void(const std::string&)> progress; // a line now and then
};

void check_outside(const outside_view& view, report& r);

} // namespace pollster::doctor
