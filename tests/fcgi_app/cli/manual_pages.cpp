#include "tests/fcgi_app/cli/manual_pages.hpp"

#include "fcgi_app/config/load.hpp"
#include "fcgi_app/config/options.hpp"
#include "tests/fcgi_app/cli/shell.hpp"

#include <algorithm>
#include <set>

namespace pollster::cli::testing {

namespace {

// As roff shows it: a dash that can be searched for, a backslash, no request at the beginning of a
// line.
std::string plain(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
            out += "\\&";
        }
        out += c == '-' ? "\\-" : c == '\\' ? "\\e" : std::string(1, c);
    }
    return out;
}

std::string bold(std::string_view text)
{
    return "\\fB" + plain(text) + "\\fR";
}

std::string head(const std::string& name, int section, const std::string& what)
{
    return ".\\\" Written by POLLSTER_OPTIONS=. cli_manual_test, from the tables of commands and "
           "options.\n"
           ".TH " +
           name + " " + std::to_string(section) + " \"\" Pollster\n.SH NAME\n" + name + " \\- " +
           plain(what) + "\n";
}

std::vector<std::string> words_of(std::string_view name)
{
    std::istringstream in{std::string(name)};
    std::vector<std::string> out;
    for (std::string word; in >> word;) {
        out.push_back(word);
    }
    return out;
}

// What `pollster COMMAND --help` prints between its first line and its last, which are the same for
// each.
std::string help_of(const command& c)
{
    auto words = words_of(c.name);
    words.emplace_back("--help");
    const std::string all = shell().type(words).out;
    const auto from = all.find("\n\n") + 2;
    const auto to = all.rfind("\nThe settings (");
    BOOST_REQUIRE(from < to);
    return all.substr(from, to - from);
}

// Its own options stand as they are printed, in columns.
std::string told(const std::string& help)
{
    const auto options = help.find("\nOptions:\n");
    std::string out = plain(help.substr(0, options));
    if (options != std::string::npos) {
        out += ".PP\n.nf\n" + plain(help.substr(options + 1)) + ".fi\n";
    }
    return out;
}

std::string title_of(const command& c)
{
    return ".SS " + bold("pollster " + std::string(c.name)) +
           (c.arguments.empty() ? "" : " " + plain(c.arguments)) + "\n";
}

std::string commands_section()
{
    std::string out = ".SH COMMANDS\n";
    for (const command& c : commands()) {
        out += title_of(c) + told(help_of(c));
    }
    return out;
}

// "seconds, 1 to 3600; default: 60"
std::string bounds_of(const option& o)
{
    return o.unit + (o.range.empty() ? "" : ", " + o.range) + "; default: " + o.shown_default;
}

// Each first word, and what may follow it.
std::string second_words()
{
    std::string out;
    std::set<std::string> seen;
    for (const command& c : commands()) {
        const auto first = words_of(c.name).front();
        std::string seconds;
        for (const command& other : commands()) {
            const auto words = words_of(other.name);
            if (words.front() == first && words.size() > 1) {
                seconds += (seconds.empty() ? "" : " ") + words[1];
            }
        }
        if (!seconds.empty() && seen.insert(first).second) {
            out += "        " + first + ") words=\"" + seconds + "\" ;;\n";
        }
    }
    return out;
}

std::string own_options()
{
    std::string out;
    for (const command& c : commands()) {
        std::string flags;
        for (const auto name : c.options) {
            flags += (flags.empty() ? "--" : " --") + std::string(name);
        }
        if (!flags.empty()) {
            out += "        \"" + std::string(c.name) + "\"*) own=\"" + flags + "\" ;;\n";
        }
    }
    return out;
}

} // namespace

std::string program_page()
{
    return head("pollster", 8, "a long-poll chat server behind nginx") + ".SH SYNOPSIS\n" +
           bold("pollster") +
           " [\\fIOPTIONS\\fR] [\\fICOMMAND\\fR]\n"
           ".SH DESCRIPTION\n"
           "Without a command, or with \\fBserve\\fR, it is the server: it answers nginx on a "
           "FastCGI socket and keeps\n"
           "everything in PostgreSQL. The other commands administer it. They act on the database "
           "and need no running\n"
           "server; a server notices within a second what they change. As root, run them as the "
           "account that\n"
           "owns the database, which PostgreSQL knows:\n"
           ".PP\n.RS\n" +
           plain("runuser -u pollster_owner -- pollster user list") + "\n.RE\n" +
           commands_section() +
           ".SH OPTIONS\n"
           "The settings of \\fBpollster.conf\\fR(5), with dashes and a value: \\fBpoll_seconds = "
           "60\\fR in the file is\n" +
           bold("--poll-seconds 60") +
           " on the command line and \\fBPOLLSTER_POLL_SECONDS=60\\fR in the environment.\n"
           "The command line beats the environment, which beats the file.\n"
           ".TP\n" +
           bold("--config") + " \\fIFILE\\fR, " + bold("-c") +
           " \\fIFILE\\fR\n"
           "Another file than POLLSTER_CONFIG names, or " +
           plain(default_config_file) +
           ".\n"
           ".TP\n" +
           bold("--version") +
           "\nPrints the version.\n"
           ".TP\n" +
           bold("--help") + ", " + bold("-h") +
           "\nPrints all of this; after a command, what it does.\n"
           ".SH EXIT STATUS\n0: done. 1: refused or failed; one line on standard error says why. "
           "2: misused.\n"
           ".SH FILES\n"
           ".TP\n\\fI/etc/pollster/pollster.conf\\fR\nThe settings.\n"
           ".TP\n\\fI/etc/pollster/environment\\fR\n"
           "Variables of the service, readable by root only: POLLSTER_DATABASE with a password, if "
           "there is one.\n"
           ".TP\n\\fI/run/pollster/pollster.sock\\fR\nWhere nginx finds the server.\n"
           ".TP\n\\fI/etc/nginx/sites-available/pollster\\fR, "
           "\\fI/etc/nginx/pollster/snippets\\fR\nnginx's side.\n"
           ".SH SIGNALS\nSIGTERM and SIGINT: parked polls are answered, requests that run are "
           "waited for, and it ends.\n"
           ".SH SEE ALSO\n\\fBpollster.conf\\fR(5), \\fBnginx\\fR(8), \\fBpsql\\fR(1)\n";
}

std::string settings_page()
{
    std::string out = head("pollster.conf", 5, "settings of pollster(8)") +
                      ".SH DESCRIPTION\n"
                      "One setting a line, \\fIname\\fR = \\fIvalue\\fR. What follows a # at the "
                      "beginning of a word is a comment.\n"
                      "The shipped file has every setting with its default, commented out. " +
                      bold("pollster check-config") +
                      " \\fIFILE\\fR\njudges a file.\n.SH SETTINGS\n";
    for (const option& o : options()) {
        out += ".TP\n" + bold(o.name) + "\n" + plain(o.description) + ".\n.br\n" +
               plain(bounds_of(o)) + "\n";
    }
    return out + ".SH FILES\n\\fI" + plain(default_config_file) +
           "\\fR\n.SH SEE ALSO\n\\fBpollster\\fR(8)\n";
}

std::string completion()
{
    std::string firsts;
    std::set<std::string> seen;
    for (const command& c : commands()) {
        const auto first = words_of(c.name).front();
        if (seen.insert(first).second) {
            firsts += (firsts.empty() ? "" : " ") + first;
        }
    }
    std::string flags = "--config --help --version";
    for (const option& o : options()) {
        flags += "\n        " + o.flag();
    }
    return "# Completion of pollster(8) in bash. Written by POLLSTER_OPTIONS=. cli_manual_test, "
           "from the tables of\n"
           "# commands and options.\n"
           "# shellcheck shell=bash\n"
           "_pollster() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} word "
           "words own given=()\n"
           "    COMPREPLY=()\n"
           "    case $before in\n"
           "    --config | -c | check-config | --log-file) mapfile -t COMPREPLY < <(compgen -f -- "
           "\"$current\") && return ;;\n"
           "    esac\n"
           "    # The command's words: neither flags nor their values.\n"
           "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
           "        [[ $word == -* ]] || given+=(\"$word\")\n"
           "    done\n"
           "    case \"${given[*]}\" in\n" +
           own_options() +
           "    esac\n"
           "    if [[ $current == -* ]]; then\n"
           "        words=\"$own " +
           flags +
           "\"\n"
           "    elif [[ ${#given[@]} -eq 0 ]]; then\n"
           "        words=\"" +
           firsts +
           "\"\n"
           "    elif [[ ${#given[@]} -eq 1 ]]; then\n"
           "        case ${given[0]} in\n" +
           second_words() +
           "        esac\n"
           "    fi\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
           "}\n"
           "complete -F _pollster pollster\n";
}

} // namespace pollster::cli::testing
