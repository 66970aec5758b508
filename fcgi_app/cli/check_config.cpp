// pollster check-config: the settings, what they name on this host, and with --connect what they
// lead to.
#include "db/names.hpp"
#include "fcgi_app/cli/account.hpp"
#include "fcgi_app/cli/administration.hpp"
#include "fcgi_app/cli/doctor/database.hpp"
#include "fcgi_app/cli/doctor/places.hpp"
#include "fcgi_app/cli/doctor/socket.hpp"
#include "fcgi_app/config/load.hpp"

#include <ostream>

namespace pollster::cli {

namespace {

// Prints a line for each finding, or that `what` is good.
int judge(const context& with, const config& settings, bool connect, const std::string& what)
{
    auto found = doctor::check_places(settings);
    if (connect) {
        for (const auto& more :
             {doctor::check_database(with, settings), doctor::check_sockets(settings)}) {
            found.insert(found.end(), more.begin(), more.end());
        }
    }
    for (const auto& f : found) {
        complain(with.err, f.what + ": " + f.todo);
    }
    if (found.empty()) {
        with.out << what << (connect ? " good, and so is what they lead to\n" : " good\n");
    }
    return found.empty() ? done : failed;
}

// Reached only when the settings in force are good; main() judges a file that is named before it
// loads them.
int check_config(const invocation& call)
{
    return judge(call.with, call.settings, call.options.count("connect") != 0, "the settings are");
}

} // namespace

int check_named_file(const context& with, const std::string& path, bool connect)
{
    const auto file = load_file(path);
    for (const auto& error : file.errors) {
        with.err << db::shown(error) << '\n';
    }
    return file.errors.empty() ? judge(with, file.settings, connect, path + " is") : failed;
}

void add_config_commands(std::vector<command>& table)
{
    table.push_back({"check-config",
                     "[FILE]",
                     "judge a configuration file, or all settings in force",
                     "Also whether groups, folders and the log file that they name are there and "
                     "may be used by the account of the unit. With --connect also the database "
                     "and the server's sockets. Exit code 0 if it is good, else 1 and a line for "
                     "each mistake.",
                     0,
                     1,
                     {"connect"},
                     check_config,
                     acts_as::itself});
}

} // namespace pollster::cli
