#include "tests/e2e/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace e2e {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts)
{
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (const auto& text : texts) {
        out.push_back(const_cast<char*>(text.c_str()));
    }
    out.push_back(nullptr);
    return out;
}

[[noreturn]] void become(const std::vector<std::string>& command, const process::options& o,
                         int complaint)
{
    ::prctl(PR_SET_PDEATHSIG, SIGTERM); // not SIGKILL: nginx's workers would outlive their master
    const int output = ::open(o.output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    const int input = o.standard_input >= 0 ? o.standard_input : ::open("/dev/null", O_RDONLY);
    if (output >= 0 && input >= 0 && ::dup2(input, 0) == 0 && ::dup2(output, 1) == 1 &&
        ::dup2(output, 2) == 2) {
        for (const auto& variable : o.environment) {
            ::putenv(const_cast<char*>(variable.c_str()));
        }
        const auto arguments = pointers(command);
        ::execvp(arguments[0], arguments.data());
    }
    const int error = errno;
    (void)!::write(complaint, &error, sizeof error);
    ::_exit(127);
}

} // namespace

process::process(const std::vector<std::string>& command, const options& o)
{
    int pipe_ends[2]; // exec closes it; a failed one writes errno first
    if (::pipe2(pipe_ends, O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe");
    }
    pid_ = ::fork();
    if (pid_ == 0) {
        become(command, o, pipe_ends[1]);
    }
    ::close(pipe_ends[1]);
    int error = 0;
    const bool failed = ::read(pipe_ends[0], &error, sizeof error) == sizeof error;
    ::close(pipe_ends[0]);
    if (failed) {
        ::waitpid(pid_, nullptr, 0);
        throw std::runtime_error(command[0] +
                                 " cannot be started: " + std::string(::strerror(error)));
    }
}

process::~process()
{
    if (!running()) {
        return;
    }
    ::kill(pid_, SIGTERM);
    if (!wait(std::chrono::seconds(10))) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

bool process::running()
{
    int status = 0;
    if (!ended_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
        ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return !ended_;
}

void process::signal(int number) const
{
    ::kill(pid_, number);
}

std::optional<int> process::wait(std::chrono::milliseconds limit)
{
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (running() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return ended_;
}

finished run(const std::vector<std::string>& command, const std::string& input)
{
    std::string name = (std::filesystem::temp_directory_path() / "pollster-e2e-XXXXXX").string();
    const int file = ::mkstemp(name.data()); // first the input, then the output
    const std::string output = name + ".out";
    (void)!::write(file, input.data(), input.size());
    ::lseek(file, 0, SEEK_SET);
    process child(command, {output, file, {}});
    ::close(file);
    const auto code = child.wait();
    std::stringstream text;
    text << std::ifstream(output).rdbuf();
    std::filesystem::remove(name);
    std::filesystem::remove(output);
    if (!code) {
        throw std::runtime_error(command[0] + " does not end");
    }
    return {*code, text.str()};
}

} // namespace e2e
