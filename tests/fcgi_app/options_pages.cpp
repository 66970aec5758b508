#include "tests/fcgi_app/options_pages.hpp"

#include "fcgi_app/config/options.hpp"

#include <algorithm>

namespace pollster::testing {

namespace {

constexpr std::size_t width = 100;

// "seconds, 1 to 3600"
std::string unit_of(const option& o)
{
    return o.unit + (o.range.empty() ? "" : ", " + o.range);
}

// As a paragraph of comments.
std::string commented(std::string text)
{
    std::string out;
    while (!text.empty()) {
        auto end = text.size();
        if (end > width) {
            end = text.rfind(' ', width);
        }
        out += "# " + text.substr(0, end) + "\n";
        text.erase(0, std::min(end + 1, text.size()));
    }
    return out;
}

std::string in_a_table(std::string text)
{
    for (auto at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
        text.insert(at, 1, '\\');
    }
    return text;
}

} // namespace

std::string shipped_file()
{
    std::string out =
        "# Every option of pollster with its default. Install as /etc/pollster/pollster.conf, take "
        "the "
        "# from\n# the lines that are to differ, and let `pollster check-config` judge the file.\n";
    for (const option& o : options()) {
        out += "\n" + commented(o.description + ".") +
               commented(unit_of(o) + "; default: " + o.shown_default +
                         (o.reloadable ? "" : "; needs a restart")) +
               "#" + o.name + " =" + (o.default_value.empty() ? "" : " " + o.default_value) + "\n";
    }
    return out;
}

std::string options_page()
{
    std::string out =
        "# Options\n\n"
        "What `pollster --help` says, as a table. Each is the same on the command line "
        "(`--poll-seconds 60`), in the\nenvironment (`POLLSTER_POLL_SECONDS=60`) and in "
        "`/etc/pollster/pollster.conf` (`poll_seconds = 60`); the command line\nbeats the "
        "environment, which beats the file. [systemd/pollster.conf](../systemd/pollster.conf) is a "
        "file to begin with.\n\nThis page and that file are written by "
        "`POLLSTER_OPTIONS=. build/release/tests/fcgi_app/options_test`, which otherwise\nfails "
        "where they differ from the program.\n\n"
        "Those with *restart* change with a restart; all others also while the server runs, by "
        "`systemctl "
        "reload pollster`\n(SIGHUP): [OPERATIONS.md](OPERATIONS.md#reload).\n\n"
        "| option | unit, range | default | what it is | changed by |\n| --- | --- | --- | --- | "
        "--- |\n";
    for (const option& o : options()) {
        out += "| `" + o.name + "` | " + in_a_table(unit_of(o)) + " | " +
               in_a_table(o.shown_default) + " | " + in_a_table(o.description) + " | " +
               (o.reloadable ? "reload" : "*restart*") + " |\n";
    }
    return out;
}

} // namespace pollster::testing
