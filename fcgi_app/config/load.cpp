#include "fcgi_app/config/load.hpp"

#include "fcgi_app/config/file.hpp"
#include "fcgi_app/config/options.hpp"
#include "fcgi_app/routes/session_cookie.hpp"

#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>
#include <boost/program_options/value_semantic.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <map>

#include <unistd.h>

namespace po = boost::program_options;

namespace pollster {

namespace {

using texts = std::vector<std::string>;

// The values that were given in one place: command line, environment or file.
struct place {
    std::map<const option*, texts> values;
};

std::string unknown(const std::string& name)
{
    const option* near = nearest_option(name);
    return "there is no option \"" + name + "\"" +
           (near ? "; did you mean \"" + near->name + "\"?" : "");
}

// Reads and judges a file. Each value is tried on a scratch config, so that a complaint can name
// its line.
place from_file(const std::string& path, texts& errors)
{
    place out;
    std::ifstream in(path);
    if (!in || std::filesystem::is_directory(path)) {
        errors.push_back(path +
                         ": cannot be read: " + (in ? "it is a directory" : std::strerror(errno)));
        return out;
    }
    auto content = read_settings(in);
    for (const auto& error : content.errors) {
        errors.emplace_back(path).append(":").append(error);
    }
    config scratch;
    std::map<const option*, std::size_t> first_line;
    for (const auto& s : content.settings) {
        const auto complain = [&](const std::string& sentence) {
            errors.emplace_back(path).append(":" + std::to_string(s.line) + ": ").append(sentence);
        };
        const option* o = find_option(s.name);
        if (o == nullptr) {
            complain(unknown(s.name));
            continue;
        }
        const auto [before, is_first] = first_line.emplace(o, s.line);
        if (!is_first && !o->repeatable) {
            complain(s.name + " stands already in line " + std::to_string(before->second));
            continue;
        }
        if (const auto wrong = o->set(scratch, s.value)) {
            complain(s.name + ": " + *wrong);
            continue;
        }
        out.values[o].push_back(s.value);
    }
    return out;
}

// An unset variable is not the same as an empty one: empty is a value, and mostly a wrong one.
place from_environment(const sources& from, texts& errors)
{
    place out;
    config scratch;
    for (const auto& [variable, value] : from.environment) {
        if (!variable.starts_with("POLLSTER_") || variable == "POLLSTER_CONFIG") {
            continue;
        }
        const auto found = std::ranges::find(options(), variable, &option::variable);
        if (found == options().end()) {
            errors.push_back("environment: there is no option for " + variable);
            continue;
        }
        // Several addresses share the one variable, separated by spaces.
        texts parts;
        if (found->repeatable) {
            parts = po::split_unix(value);
        } else {
            parts.push_back(value);
        }
        for (const auto& part : parts) {
            if (const auto wrong = found->set(scratch, part)) {
                errors.push_back("environment: " + variable + ": " + *wrong);
            }
        }
        out.values[&*found] = std::move(parts);
    }
    return out;
}

// --poll_seconds is accepted beside --poll-seconds: it is the name that pollster.conf uses.
texts with_dashes(texts arguments)
{
    for (auto& argument : arguments) {
        if (argument == "--") {
            break;
        }
        if (argument.starts_with("--")) {
            std::replace(argument.begin(),
                         argument.begin() + static_cast<std::ptrdiff_t>(
                                                std::min(argument.find('='), argument.size())),
                         '_', '-');
        }
    }
    return arguments;
}

place from_command_line(const sources& from, loaded& out)
{
    place found;
    po::options_description description;
    description.add(from.command_options);
    description.add_options()("config,c", po::value<std::string>())("word", po::value<texts>());
    for (const option& o : options()) {
        description.add_options()(o.flag().substr(2).c_str(), po::value<texts>());
    }
    po::positional_options_description words;
    words.add("word", -1);
    try {
        // No guessing: an abbreviation that works today would mean something else after the next
        // option is added.
        const int style =
            po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
        po::store(po::command_line_parser(with_dashes(from.arguments))
                      .options(description)
                      .positional(words)
                      .style(style)
                      .run(),
                  out.command);
    } catch (const po::unknown_option& e) {
        const std::string given = e.get_option_name().substr(0, e.get_option_name().find('='));
        std::string name = given.substr(std::min(given.find_first_not_of('-'), given.size()));
        std::ranges::replace(name, '-', '_');
        const option* near = nearest_option(name);
        out.errors.push_back("there is no option " + given +
                             (near                      ? "; did you mean " + near->flag() + "?"
                              : given.starts_with("--") ? ""
                                                        : "; put -- before a name or session that "
                                                          "begins with a dash"));
        return found;
    } catch (const po::error& e) {
        out.errors.emplace_back(e.what());
        return found;
    }
    if (out.command.count("word") != 0) {
        out.words = out.command["word"].as<texts>();
    }
    config scratch;
    for (const option& o : options()) {
        const auto given = out.command.find(o.flag().substr(2));
        if (given == out.command.end()) {
            continue;
        }
        const auto& values = given->second.as<texts>();
        if (values.size() > 1 && !o.repeatable) {
            out.errors.push_back(o.flag() + " is given more than once");
        }
        for (const auto& value : values) {
            if (const auto wrong = o.set(scratch, value)) {
                out.errors.push_back(o.flag() + ": " + *wrong);
            }
        }
        found.values[&o] = values;
    }
    return found;
}

// None: there is no file to read.
std::optional<std::string> file_to_read(const sources& from, const loaded& so_far)
{
    if (so_far.command.count("config") != 0) {
        return so_far.command["config"].as<std::string>();
    }
    for (const auto& [variable, value] : from.environment) {
        if (variable == "POLLSTER_CONFIG" && !value.empty()) {
            return value;
        }
    }
    std::error_code ignored;
    if (std::filesystem::exists(default_config_file, ignored)) {
        return default_config_file;
    }
    return std::nullopt;
}

// The settings from these places, the strongest first.
void take(loaded& out, std::initializer_list<const place*> places)
{
    for (const option& o : options()) {
        for (const place* p : places) {
            const auto values = p->values.find(&o);
            if (values != p->values.end()) {
                out.given[o.name] = values->second;
                break;
            }
        }
    }
    out.settings = settings_of(out.given);
    // What is wrong only together with another option.
    if (auto wrong = routes::fault_in_cookie(out.settings.routes)) {
        out.errors.push_back(std::move(*wrong));
    }
}

} // namespace

loaded load(const sources& from)
{
    loaded out;
    const place command_line = from_command_line(from, out);
    const place environment = from_environment(from, out.errors);
    place file;
    if (const auto path = file_to_read(from, out)) {
        file = from_file(*path, out.errors);
    }
    if (!out.errors.empty()) {
        return out;
    }
    take(out, {&command_line, &environment, &file});
    return out;
}

config settings_of(const std::map<std::string, texts, std::less<>>& given)
{
    config out;
    for (const option& o : options()) {
        const auto values = given.find(o.name);
        if (values != given.end()) {
            for (const auto& value : values->second) {
                o.set(out, value); // was tried before
            }
        }
    }
    derive(out);
    return out;
}

loaded load_file(const std::string& path)
{
    loaded out;
    const place file = from_file(path, out.errors);
    if (out.errors.empty()) {
        take(out, {&file});
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> process_environment()
{
    std::vector<std::pair<std::string, std::string>> out;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view line = *entry;
        const auto equals = line.find('=');
        if (equals != std::string_view::npos) {
            out.emplace_back(line.substr(0, equals), line.substr(equals + 1));
        }
    }
    return out;
}

} // namespace pollster
