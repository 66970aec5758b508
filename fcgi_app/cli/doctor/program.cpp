#include "fcgi_app/cli/doctor/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace pollster::doctor {

namespace {

struct pipe_ends {
    int read = -1;
    int write = -1;
};

pipe_ends new_pipe()
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe");
    }
    return {ends[0], ends[1]};
}

[[noreturn]] void become(const std::vector<char*>& command, int in, int out, int err)
{
    const gid_t group = ::getegid();
    const uid_t user = ::geteuid();
    if (::setresgid(group, group, group) == 0 && ::setresuid(user, user, user) == 0 &&
        ::dup2(in, 0) == 0 && ::dup2(out, 1) == 1 && ::dup2(err, 2) == 2) {
        ::execvp(command[0], command.data());
    }
    ::_exit(127);
}

} // namespace

program::program(const std::vector<std::string>& command, const std::string& input)
{
    std::vector<char*> arguments;
    for (const auto& word : command) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    const auto in = new_pipe();
    const auto out = new_pipe();
    const auto err = new_pipe();
    pid_ = ::fork();
    if (pid_ == 0) {
        become(arguments, in.read, out.write, err.write);
    }
    ::close(in.read);
    ::close(out.write);
    ::close(err.write);
    out_ = out.read;
    err_ = err.read;
    std::signal(SIGPIPE, SIG_IGN); // a program that does not read its input
    (void)!::write(in.write, input.data(), input.size());
    ::close(in.write);
    if (pid_ < 0) {
        throw std::system_error(errno, std::generic_category(), "fork");
    }
}

program::~program()
{
    if (pid_ > 0) {
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    for (const int fd : {out_, err_}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

ended program::wait()
{
    ended result;
    pollfd ends[] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
        if (::poll(ends, 2, -1) < 0 && errno != EINTR) {
            break;
        }
        for (auto& end : ends) {
            if (end.fd < 0 || end.revents == 0) {
                continue;
            }
            char buffer[16'384];
            const auto n = ::read(end.fd, buffer, sizeof buffer);
            if (n <= 0) {
                end.fd = -1;
                continue;
            }
            (end.fd == out_ ? result.out : result.err).append(buffer, static_cast<std::size_t>(n));
        }
    }
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

} // namespace pollster::doctor
