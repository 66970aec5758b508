// pollster top: a terminal's view of a running server
#include "fcgi_app/cli/command.hpp"
#include "fcgi_app/cli/top_view.hpp"
#include "fcgi_app/cli/web.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ostream>
#include <variant>

namespace pollster::cli {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds patience{5};
constexpr std::string_view clear_screen = "\x1b[H\x1b[2J";

// Keys come at once and unseen, as long as this lives; a signal ends the program as it did before.
class key_by_key {
public:
    explicit key_by_key(bool terminal)
        : active_(terminal && tcgetattr(STDIN_FILENO, &before_) == 0)
    {
        if (active_) {
            termios now = before_;
            now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
            tcsetattr(STDIN_FILENO, TCSANOW, &now);
        }
    }
    ~key_by_key()
    {
        if (active_) {
            tcsetattr(STDIN_FILENO, TCSANOW, &before_);
        }
    }
    key_by_key(const key_by_key&) = delete;
    key_by_key& operator=(const key_by_key&) = delete;

    // Waits for a second. True: q was pressed.
    bool quit_within_a_second() const
    {
        const auto end = steady_clock::now() + std::chrono::seconds(1);
        for (;;) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now());
            if (left.count() <= 0) {
                return false;
            }
            pollfd keys{active_ ? STDIN_FILENO : -1, POLLIN, 0};
            char key = 0;
            if (::poll(&keys, 1, static_cast<int>(left.count())) == 1 &&
                (::read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q')) {
                return true;
            }
        }
    }

private:
    termios before_{};
    bool active_;
};

db::outcome<reading> read_metrics(const web_place& place)
{
    auto asked = place.ask({"GET", "/metrics"}, patience);
    if (!asked) {
        return asked.error();
    }
    const auto answer = asked->answer();
    if (!answer) {
        return answer.error();
    }
    if (answer->status != 200) {
        return db::refusal{place.name() + " answers " + std::to_string(answer->status) +
                           " to /metrics, which is for its own host only"};
    }
    return reading(answer->body, steady_clock::now());
}

double unix_now()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// The first unix socket that the server listens on by its settings.
std::string own_socket(const config& settings)
{
    for (const auto& address : settings.listen) {
        if (const auto* local = std::get_if<fastcgi::unix_address>(&address)) {
            return local->path;
        }
    }
    const auto standard = fastcgi::parse_listen(config::default_listen);
    return std::get<fastcgi::unix_address>(std::get<fastcgi::listen_address>(standard)).path;
}

int top(const invocation& call)
{
    std::signal(SIGPIPE, SIG_IGN);
    const auto place = web_place::parse(
        call.words.empty() ? own_socket(call.settings) : call.words[0], call.settings.routes.mount);
    if (!place) {
        return complain(call.with.err, place.error().sentence, misused);
    }
    auto last = read_metrics(*place);
    if (!last) {
        return complain(call.with.err, last.error().sentence);
    }
    const auto first = frame(place->name(), before_all(*last, unix_now()), *last);
    if (call.options.count("once") != 0) {
        call.with.out << first;
        return done;
    }
    call.with.out << clear_screen << first << "\nsince the start; q quits\n" << std::flush;
    const key_by_key keys(call.with.terminal);
    while (!keys.quit_within_a_second()) {
        auto now = read_metrics(*place);
        call.with.out << clear_screen;
        if (now) {
            call.with.out << frame(place->name(), *last, *now) << "\nq quits\n";
            last = std::move(now);
        } else {
            call.with.out << now.error().sentence << "\n\nq quits\n";
        }
        call.with.out << std::flush;
        if (!call.with.out) {
            return failed; // whoever read this is gone
        }
    }
    return done;
}

} // namespace

void add_watching_commands(std::vector<command>& table)
{
    table.insert(table.end(),
                 {{"top",
                   "[URL|SOCKET]",
                   "watch a running server, once a second",
                   "http://localhost/api, or a socket; default: the first unix socket of listen. "
                   "Rates and times are those since the frame before, with --once since the start.",
                   0,
                   1,
                   {"once"},
                   top,
                   acts_as::itself}});
}

} // namespace pollster::cli
