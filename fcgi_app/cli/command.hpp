// The commands of `pollster`: one table, from which dispatch and --help are made. Blocking; main
// thread, before any other. Exit codes: 0 done, 1 refused or failed (one line on standard error
// says why), 2 misused (command line or settings).
#pragma once

#include "db/admin.hpp"
#include "db/migrate.hpp"
#include "fcgi_app/config/load.hpp"

#include <boost/program_options/variables_map.hpp>

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pollster::cli {

enum exit_code : int { done = 0, failed = 1, misused = 2 };

// Whose rights in the database a command takes: of the role that owns the schema, of the one that
// serves, or whatever those who run it have; setup and doctor find out themselves.
enum class acts_as { owner, server, itself };

// What the commands act on. Those of the process are set by fcgi_app/main.cpp, tests have others.
struct context {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    bool terminal = false; // `in` is the process's terminal: a password is asked for, without echo
    std::vector<std::pair<std::string, std::string>> environment;
    std::function<db::outcome<std::unique_ptr<db::administrator>>(const db::settings&)> connect;
    std::function<db::outcome<db::migrated>(
        const db::settings&, const std::function<void(const std::string&)>& progress)>
        migrate;
    // An exit code. `read_again`: what SIGHUP asks for.
    std::function<int(const loaded& settings, const std::function<loaded()>& read_again)> serve;
    // Makes the process the account that the settings ask for (fcgi_app/cli/account.hpp); a
    // sentence: why it cannot. Tests have none: they stay who they are.
    std::function<std::optional<std::string>(const config&, acts_as)> become;
};

struct invocation {
    const context& with;
    const config& settings;
    const std::vector<std::string>& words; // arguments after the command's own name
    const boost::program_options::variables_map& options;
    const loaded& input;
    const std::function<loaded()>& read_again; // the same once more; the file may be another
};

struct command {
    std::string_view name;      // "user add"
    std::string_view arguments; // "NAME"
    std::string_view summary;   // one line for the list
    std::string_view details;   // further lines for the command's own --help
    std::size_t fewest = 0;     // how many arguments it takes
    std::size_t most = 0;
    std::vector<std::string_view>
        options; // those of command_options() that it takes, besides the settings
    int (*run)(const invocation&) = nullptr;
    acts_as who = acts_as::owner;
};

const std::vector<command>& commands();

// check-config FILE: judges the file and nothing else, whatever the settings in force are.
int check_named_file(const context& with, const std::string& path, bool connect);

// Complaint on `err`, led by the program's name; what cannot be seen in it is made visible. Returns
// `code`.
int complain(std::ostream& err, const std::string& sentence, exit_code code = failed);

// What main() does; `arguments` without the program's name.
int main(const context& with, const std::vector<std::string>& arguments);

// Groups of commands, each in its file.
void add_setup_commands(std::vector<command>& table);  // setup
void add_config_commands(std::vector<command>& table); // check-config
void add_doctor_commands(std::vector<command>& table); // doctor
void add_schema_commands(std::vector<command>& table);
void add_adopt_command(std::vector<command>& table);
void add_people_commands(std::vector<command>& table);   // user, session
void add_wall_commands(std::vector<command>& table);     // wall, grant, revoke
void add_watching_commands(std::vector<command>& table); // top
void add_canary_command(std::vector<command>& table);

} // namespace pollster::cli
