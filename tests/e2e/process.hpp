// A program that a test starts: its output goes into a file, and it ends with the test, however
// that ends. Main thread only.
#pragma once

#include "tests/patience.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace e2e {

class process {
public:
    struct options {
        std::filesystem::path output = "/dev/null"; // of both streams, appended
        int standard_input = -1;                    // a descriptor to be 0; -1: /dev/null
        std::vector<std::string> environment;       // "NAME=value", besides the test's own
    };

    // command[0] is a path, or a name looked up in PATH. Throws std::runtime_error if there is no
    // such program.
    process(const std::vector<std::string>& command, const options& o);
    ~process(); // SIGTERM if it still runs, SIGKILL after 10 s
    process(const process&) = delete;
    process& operator=(const process&) = delete;

    pid_t pid() const { return pid_; }
    bool running();
    void signal(int number) const;
    // The exit code, or 128 + the signal that ended it; none if it still runs after `limit`.
    std::optional<int> wait(std::chrono::milliseconds limit = tests::patience);

private:
    pid_t pid_ = -1;
    std::optional<int> ended_;
};

struct finished {
    int code = -1;
    std::string output; // of both streams
};

// Runs a program to its end, with `input` as standard input; throws if that does not come.
finished run(const std::vector<std::string>& command, const std::string& input = {});

// Looks until `condition` holds, for what another process does and does not announce; throws after
// `limit`, naming `what`.
template <class Condition>
void eventually(const std::string& what, Condition condition,
                std::chrono::milliseconds limit = tests::patience)
{
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error("did not happen in time: " + what);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

} // namespace e2e
