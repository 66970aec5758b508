// Another program, started to ask it something: nginx -T, curl. Its output is kept in memory.
// Main thread.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace pollster::doctor {

struct ended {
    int code = -1; // 127: there is no such program
    std::string out;
    std::string err;
};

class program {
public:
    // `input`: its standard input, at most what a pipe takes at once (64 KB). As root acting as
    // somebody, the program is that somebody.
    explicit program(const std::vector<std::string>& command, const std::string& input = {});
    ~program(); // ends it, if it still runs
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    ended wait();

private:
    pid_t pid_ = -1;
    int out_ = -1;
    int err_ = -1;
};

inline ended run(const std::vector<std::string>& command, const std::string& input = {})
{
    return program(command, input).wait();
}

} // namespace pollster::doctor
