// A stream of events, read by curl: an independent client, over HTTP/1.1 and HTTP/2, that writes
// what arrives into a file as it arrives. One thread.
#pragma once

#include "tests/e2e/process.hpp"
#include "tests/e2e/stack.hpp"

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace e2e {

class event_stream {
public:
    event_stream(const std::filesystem::path& folder, const std::string& url,
                 const std::string& session, const std::vector<std::string>& more = {})
        : body_(folder / ("stream" + std::to_string(++count_)))
        , head_(body_.string() + ".head")
    {
        std::vector<std::string> command{"curl", "-skN", "--compressed",
                                         "-D",   head_,  "-o",
                                         body_,  "-H",   "Authorization: Bearer " + session};
        command.insert(command.end(), more.begin(), more.end());
        command.push_back(url);
        curl_ = std::make_unique<process>(command, process::options{});
    }

    std::string text() const { return std::filesystem::exists(body_) ? read_text(body_) : ""; }
    std::string head() const { return std::filesystem::exists(head_) ? read_text(head_) : ""; }
    void until(const std::string& part) const
    {
        eventually("the stream has " + part,
                   [&] { return text().find(part) != std::string::npos; });
    }
    int end() { return curl_->wait().value(); } // curl's exit code: 0 if the answer was whole
    void leave() const { curl_->signal(SIGTERM); }

private:
    static inline int count_ = 0;
    std::filesystem::path body_;
    std::filesystem::path head_;
    std::unique_ptr<process> curl_;
};

} // namespace e2e
