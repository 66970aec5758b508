// Finds the command, judges its arguments and settings, prints --help and --version.
#include "fcgi_app/cli/command.hpp"

#include "db/names.hpp"
#include "fcgi_app/config/load.hpp"
#include "fcgi_app/config/options.hpp"

#include <boost/make_shared.hpp>

#include <algorithm>
#include <ostream>

namespace po = boost::program_options;

namespace pollster::cli {

namespace {

po::options_description command_options()
{
    po::options_description out;
    out.add_options()("help,h", "print this and exit")("version", "print the version and exit")(
        "password-stdin", "read the password from standard input, without asking")(
        "count", po::value<std::size_t>()->value_name("N"),
        "how many (default: 1)")("days", po::value<std::size_t>()->value_name("N"),
                                 "how long they last (default: session_days)")(
        "user", po::value<std::string>()->value_name("NAME"), "all sessions of this user")(
        "kind", po::value<std::string>()->value_name("KIND"),
        "chat, board or notices (default: chat)")("once", "print one frame and exit")(
        "every", po::value<std::size_t>()->value_name("SECONDS"), "again and again, so far apart")(
        "textfile", po::value<std::string>()->value_name("FILE"),
        "what the last round took, for node_exporter's textfile collector")("yes", "yes, really")(
        "admin", po::value<std::string>()->value_name("NAME"),
        "also add this user")("wall", po::value<std::string>()->value_name("NAME"),
                              "and this wall, which the user may see (default: General)")(
        "connect", "also ask the database and the server's sockets")("check",
                                                                     "say what is missing")(
        "nginx", po::value<std::string>()->value_name("FILE"),
        "what `nginx -T` printed, instead of running it; -: standard input");
    return out;
}

std::vector<std::string> words_of(std::string_view name)
{
    const auto space = name.find(' ');
    if (space == std::string_view::npos) {
        return {std::string(name)};
    }
    return {std::string(name.substr(0, space)), std::string(name.substr(space + 1))};
}

bool begins_with(const std::vector<std::string>& words, const std::vector<std::string>& beginning)
{
    return words.size() >= beginning.size() &&
           std::equal(beginning.begin(), beginning.end(), words.begin());
}

const command* find_command(const std::vector<std::string>& words)
{
    const auto found = std::ranges::find_if(commands(), [&](const command& c) {
        return words.empty() ? c.name == "serve" : begins_with(words, words_of(c.name));
    });
    return found == commands().end() ? nullptr : &*found;
}

std::string usage_of(const command& c)
{
    return "pollster " + std::string(c.name) + (c.arguments.empty() ? "" : " ") +
           std::string(c.arguments);
}

// `group`: only commands whose first word it is; empty: all.
void print_commands(std::ostream& out, std::string_view group)
{
    std::size_t width = 0;
    for (const auto& c : commands()) {
        width = std::max(width, usage_of(c).size());
    }
    for (const auto& c : commands()) {
        if (group.empty() || words_of(c.name).front() == group) {
            std::string usage = usage_of(c);
            usage.resize(width + 2, ' ');
            out << "  " << usage << c.summary << '\n';
        }
    }
}

void print_help(std::ostream& out)
{
    out << "Pollster, a long-poll chat server behind nginx.\n\n"
           "Usage: pollster [OPTIONS] [COMMAND]\n\nCommands:\n";
    print_commands(out, "");
    out << "\nEach explains itself with --help. Exit codes: 0 done, 1 refused or failed, 2 "
           "misused.\n\n"
           "Options, on the command line as below, in the environment (--poll-seconds is "
           "POLLSTER_POLL_SECONDS),\n"
           "or in a file (poll_seconds = 60). The command line beats the environment, which "
           "beats the file:\n"
           "  --config FILE, -c FILE  (path; default: POLLSTER_CONFIG, or "
        << default_config_file << " if it exists)\n"
        << options_help();
}

void print_help_of(std::ostream& out, const command& c)
{
    out << "Usage: " << usage_of(c) << "\n\n" << c.summary << ".\n";
    if (!c.details.empty()) {
        out << c.details << '\n';
    }
    if (!c.options.empty()) {
        po::options_description own("\nOptions");
        const auto all = command_options();
        for (const auto& name : c.options) {
            own.add(boost::make_shared<po::option_description>(all.find(std::string(name), false)));
        }
        out << own;
    }
    out << "\nThe settings (--database and others) are explained by pollster --help.\n";
}

// A command name that lacks its second word, or is none at all.
int unknown_command(const context& with, const std::vector<std::string>& words, bool help)
{
    const bool group = std::ranges::any_of(
        commands(), [&](const command& c) { return words_of(c.name).front() == words.front(); });
    if (!group) {
        return complain(with.err,
                        "there is no command \"" + words.front() + "\"; pollster --help lists them",
                        misused);
    }
    if (help) {
        print_commands(with.out, words.front());
        return done;
    }
    complain(with.err, "which of these?", misused);
    print_commands(with.err, words.front());
    return misused;
}

// Empty: the arguments are fit for the command.
std::string misuse(const command& c, const loaded& input, std::size_t arguments)
{
    const auto all = command_options();
    for (const auto& option : all.options()) {
        const auto& name = option->long_name();
        if (input.command.count(name) != 0 &&
            std::ranges::find(c.options, name) == c.options.end()) {
            return "--" + name + " does not belong to " + std::string(c.name);
        }
    }
    if (arguments < c.fewest || arguments > c.most) {
        return "usage: " + usage_of(c);
    }
    return {};
}

} // namespace

const std::vector<command>& commands()
{
    static const std::vector<command> table = [] {
        std::vector<command> out;
        add_schema_commands(out);
        add_adopt_command(out);
        add_setup_commands(out);
        add_config_commands(out);
        add_doctor_commands(out);
        add_people_commands(out);
        add_wall_commands(out);
        add_watching_commands(out);
        add_canary_command(out);
        return out;
    }();
    return table;
}

int complain(std::ostream& err, const std::string& sentence, exit_code code)
{
    err << "pollster: " << db::shown(sentence) << '\n';
    return code;
}

int main(const context& with, const std::vector<std::string>& arguments)
{
    const std::function<loaded()> read = [&] {
        return load({arguments, with.environment, command_options()});
    };
    const loaded input = read();
    if (input.command.count("version") != 0) {
        with.out << "pollster " POLLSTER_VERSION "\n";
        return done;
    }
    const bool help = input.command.count("help") != 0;
    if (help && input.words.empty()) {
        print_help(with.out);
        return done;
    }
    const command* found = find_command(input.words);
    if (found != nullptr && help) {
        print_help_of(with.out, *found);
        return done;
    }
    if (found == nullptr && !input.words.empty()) {
        return unknown_command(with, input.words, help);
    }
    const std::size_t name_words = input.words.empty() ? 0 : words_of(found->name).size();
    const std::vector<std::string> words(
        input.words.begin() + static_cast<std::ptrdiff_t>(name_words), input.words.end());
    const bool checks = found->name == "check-config";
    if (checks && words.size() == 1) {
        return check_named_file(with, words[0], input.command.count("connect") != 0);
    }
    for (const auto& error : input.errors) {
        complain(with.err, error, misused);
    }
    if (!input.errors.empty()) {
        return checks ? failed : misused;
    }
    if (const auto wrong = misuse(*found, input, words.size()); !wrong.empty()) {
        return complain(with.err, wrong, misused);
    }
    if (found->who != acts_as::itself && with.become) {
        if (const auto wrong = with.become(input.settings, found->who)) {
            return complain(with.err, *wrong);
        }
    }
    return found->run({with, input.settings, words, input.command, input, read});
}

} // namespace pollster::cli
