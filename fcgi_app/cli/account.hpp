// As which account of the operating system a command runs. PostgreSQL's peer authentication takes
// the account for the role, and an administrator is root, for whom there is no role; the unit is
// the account `account`, whose role only serves; the role `account_owner` owns the schema. So a
// command that root runs becomes one of the two, for good or for as long as it connects.
//
// Before any thread exists: the C library changes all threads, but one at a time.
#pragma once

#include "fcgi_app/cli/command.hpp"
#include "fcgi_app/config/config.hpp"

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace pollster::cli {

struct account {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
};

// None: there is no such account here.
std::optional<account> account_named(const std::string& name);

// What to do if there is none. `option`: which of the two it is.
std::string no_account(const std::string& name, const std::string& option);

bool is_root();

// Does PostgreSQL learn from the account who connects? Yes, if it is asked by a unix socket, and
// neither the string nor the environment (PGUSER) names a user.
bool by_account(const std::string& conninfo);

// The settings of the database for what is asked as the role that serves.
db::settings as_server(const config& settings);

// The role that a migration lets serve: the user of `database`, or the account `account` where
// PostgreSQL takes the account for the role, if this process is root or `account_owner`. Empty: the
// role that this process has, as far as is known.
std::string serving_role(const config& settings);

// Which account a command that root runs should be: where PostgreSQL takes the account for the
// role. None: it stays itself.
struct wanted_account {
    std::string name;
    std::string option; // that names it
};
std::optional<wanted_account> has_to_become(const config& settings, acts_as who);

// Becomes it for good. A sentence: why that is impossible.
std::optional<std::string> become(const wanted_account& wanted);

// Root acts as the account while this lives: PostgreSQL and the file system take it for that
// account. Throws std::system_error if the kernel forbids it.
class acting_as {
public:
    explicit acting_as(const account& who);
    ~acting_as();
    acting_as(const acting_as&) = delete;
    acting_as& operator=(const acting_as&) = delete;

private:
    gid_t group_;
    std::vector<gid_t> groups_;
};

} // namespace pollster::cli
