#include "fcgi_app/cli/account.hpp"

#include "db/conninfo.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace pollster::cli {

std::optional<account> account_named(const std::string& name)
{
    const passwd* found = ::getpwnam(name.c_str());
    if (found == nullptr) {
        return std::nullopt;
    }
    return account{name, found->pw_uid, found->pw_gid};
}

std::string no_account(const std::string& name, const std::string& option)
{
    return "there is no account \"" + name + "\" (option " + option +
           "), which PostgreSQL would take for the role " +
           (option == "account" ? "that serves" : "that owns the schema") +
           ": install the package, or `useradd --system --shell /usr/sbin/nologin " + name + "`";
}

bool is_root()
{
    return ::geteuid() == 0;
}

bool by_account(const std::string& conninfo)
{
    const bool remote = !db::said_of("hostaddr", conninfo).empty();
    const auto host = db::said_of("host", conninfo);
    const bool local = host.empty() || host.front() == '/' || host.front() == '@';
    // libpq's default for the user is the account, so what it says without one has to be told from
    // what somebody wrote.
    return local && !remote && !db::names_user(conninfo) &&
           db::said_of("service", conninfo).empty();
}

db::settings as_server(const config& settings)
{
    auto s = settings.database;
    s.database_owner.clear();
    return s;
}

std::string serving_role(const config& settings)
{
    if (!by_account(settings.database.database)) {
        return db::said_of("user", settings.database.database);
    }
    const auto owner = account_named(settings.account_owner);
    return is_root() || (owner && owner->uid == ::geteuid()) ? settings.account : std::string();
}

std::optional<wanted_account> has_to_become(const config& settings, acts_as who)
{
    const bool owner = who == acts_as::owner;
    if (who == acts_as::itself || !is_root() ||
        !by_account(owner ? db::as_owner(settings.database).database
                          : settings.database.database)) {
        return std::nullopt;
    }
    return owner ? wanted_account{settings.account_owner, "account_owner"}
                 : wanted_account{settings.account, "account"};
}

std::optional<std::string> become(const wanted_account& wanted)
{
    const auto& name = wanted.name;
    const auto who = account_named(name);
    if (!who) {
        return no_account(name, wanted.option);
    }
    if (::initgroups(who->name.c_str(), who->gid) != 0 || ::setgid(who->gid) != 0 ||
        ::setuid(who->uid) != 0) {
        return "cannot become the account " + name + ": " + std::strerror(errno);
    }
    // Where libpq looks for ~/.pgpass; and a folder that the account may be in.
    ::unsetenv("HOME");
    if (::chdir("/") != 0) {
        return std::string("cannot go to /: ") + std::strerror(errno);
    }
    return std::nullopt;
}

acting_as::acting_as(const account& who)
    : group_(::getegid())
{
    const int count = ::getgroups(0, nullptr);
    groups_.resize(static_cast<std::size_t>(count < 0 ? 0 : count));
    if (count < 0 || ::getgroups(count, groups_.data()) < 0 ||
        ::initgroups(who.name.c_str(), who.gid) != 0 || ::setegid(who.gid) != 0 ||
        ::seteuid(who.uid) != 0) {
        throw std::system_error(errno, std::generic_category(), "cannot act as " + who.name);
    }
}

// As root again, or not at all: going on as somebody else would be worse than ending.
acting_as::~acting_as()
{
    if (::seteuid(0) != 0 || ::setegid(group_) != 0 ||
        ::setgroups(groups_.size(), groups_.data()) != 0) {
        std::abort();
    }
}

} // namespace pollster::cli
