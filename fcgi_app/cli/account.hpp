// As which account of the operating system a command runs. PostgreSQL's peer authentication takes
// the account for the role, and an administrator is root, for whom there is no role; the unit is
// the account `account`. So a command that root runs becomes that account, for good or for as long
// as it connects.
//
// Before any thread exists: the C library changes all threads, but one at a time.
#pragma once

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

// What to do if there is none.
std::string no_account(const std::string& name);

bool is_root();

// Does PostgreSQL learn from the account who connects? Yes, if it is asked by a unix socket, and
// neither the string nor the environment (PGUSER) names a user.
bool by_account(const std::string& conninfo);

// Whether a command about this database should become `account` of the settings: as root, where
// PostgreSQL takes the account for the role.
bool has_to_become(const config& settings);

// Becomes it for good. A sentence: why that is impossible.
std::optional<std::string> become(const std::string& name);

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
