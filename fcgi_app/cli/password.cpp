#include "fcgi_app/cli/password.hpp"

#include "db/names.hpp"

#include <csignal>
#include <istream>
#include <ostream>
#include <stdexcept>
#include <termios.h>
#include <unistd.h>

namespace pollster::cli {

namespace {

volatile std::sig_atomic_t interrupted = 0;

// Echo off while it lives. Ctrl-C has to bring the echo back before it ends the program.
class silence {
public:
    silence()
    {
        tcgetattr(STDIN_FILENO, &before_);
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        struct sigaction note{};
        note.sa_handler = [](int) { interrupted = 1; }; // without SA_RESTART: read() returns
        sigaction(SIGINT, &note, &on_interrupt_);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    ~silence()
    {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        sigaction(SIGINT, &on_interrupt_, nullptr);
        if (interrupted != 0) {
            std::raise(SIGINT);
        }
    }
    silence(const silence&) = delete;
    silence& operator=(const silence&) = delete;

private:
    termios before_{};
    struct sigaction on_interrupt_{};
};

std::string ask(std::ostream& err, const std::string& question)
{
    err << question << std::flush;
    const silence quiet;
    std::string answer;
    char c = 0;
    while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
        answer += c;
    }
    err << '\n';
    return answer;
}

} // namespace

void throw_exception_from_error(const no_password& n, const boost::source_location&)
{
    throw std::runtime_error(n.sentence);
}

password_result password_line(std::istream& in)
{
    std::string line;
    if (!std::getline(in, line)) {
        return no_password{"no password was given on standard input"};
    }
    if (!line.empty() && line.back() == '\r') {
        line.pop_back();
    }
    return {boost::system::in_place_value, line};
}

password_result read_password(const context& with, const std::string& user, bool from_stdin)
{
    if (from_stdin || !with.terminal) {
        return password_line(with.in);
    }
    auto first = ask(with.err, "New password for " + db::shown(user) + ": ");
    if (ask(with.err, "The same again: ") != first) {
        return no_password{"the two passwords differ"};
    }
    return {boost::system::in_place_value, first};
}

} // namespace pollster::cli
