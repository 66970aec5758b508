#include "fcgi_app/cli/doctor/places.hpp"

#include "fcgi_app/cli/account.hpp"
#include "signed_tokens/rules.hpp"
#include "text/number.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <variant>

namespace pollster::doctor {

namespace {

using account = cli::account;

std::string folder_of(const std::string& path)
{
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// Why a file cannot be made or written there; none: it can.
std::optional<std::string> why_not_writable(const std::string& path)
{
    struct stat found{};
    if (::stat(path.c_str(), &found) == 0) {
        if (S_ISDIR(found.st_mode)) {
            return "it is a folder";
        }
        return S_ISSOCK(found.st_mode) || ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0
                   ? std::nullopt
                   : std::optional<std::string>(std::strerror(errno));
    }
    const auto folder = folder_of(path);
    if (::stat(folder.c_str(), &found) != 0) {
        return "there is no folder " + folder;
    }
    if (!S_ISDIR(found.st_mode)) {
        return folder + " is no folder";
    }
    if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        return "it may not write into the folder " + folder;
    }
    return std::nullopt;
}

bool is_member(const account& who, gid_t group)
{
    int count = 256;
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    if (::getgrouplist(who.name.c_str(), who.gid, groups.data(), &count) < 0) {
        return true; // of more groups than that; let it try
    }
    groups.resize(static_cast<std::size_t>(count));
    return std::ranges::find(groups, group) != groups.end();
}

bool is_number(const std::string& name)
{
    return text::parse_number<unsigned>(name, 0, 999'999'999).has_value();
}

// `who`: the account that has to do all that; none: this process's own.
void check_socket(const fastcgi::unix_address& a, const std::optional<account>& who,
                  std::vector<finding>& found)
{
    const std::string listen = "listen = unix:" + a.path;
    const bool unknown_owner =
        !a.owner.empty() && !is_number(a.owner) && ::getpwnam(a.owner.c_str()) == nullptr;
    if (unknown_owner) {
        found.push_back(
            {"owner", listen + ": there is no user \"" + a.owner + "\"", "name one that exists"});
    }
    if (!a.group.empty() && !is_number(a.group)) {
        const group* g = ::getgrnam(a.group.c_str());
        if (g == nullptr) {
            found.push_back({"group", listen + ": there is no group \"" + a.group + "\"",
                             "name the group of nginx's workers (Debian: www-data)"});
        } else if (who && !is_member(*who, g->gr_gid)) {
            found.push_back({"group",
                             listen + ": the account " + who->name + " is no member of the group " +
                                 a.group + ", so it cannot give the socket to it",
                             "usermod --append --groups " + a.group + " " + who->name});
        }
    }
    if (const auto why = why_not_writable(a.path)) {
        found.push_back({"socket-folder", listen + ": " + *why,
                         "make the folder and give it to the account of the unit, or let systemd "
                         "do it (RuntimeDirectory=, or the socket unit)"});
    }
}

} // namespace

std::vector<finding> check_places(const config& settings)
{
    std::vector<finding> found;
    std::optional<account> who;
    std::optional<cli::acting_as> as;
    if (cli::is_root()) {
        who = cli::account_named(settings.account);
        if (who) {
            as.emplace(*who);
        }
    }
    for (const auto& address : settings.listen) {
        if (const auto* a = std::get_if<fastcgi::unix_address>(&address)) {
            check_socket(*a, who, found);
        }
    }
    if (!settings.log.file.empty()) {
        if (const auto why = why_not_writable(settings.log.file)) {
            found.push_back({"log-file",
                             "log_file = " + settings.log.file + ": " + *why +
                                 (who ? ", for the account " + who->name : ""),
                             "make it, and give it to the account of the unit"});
        }
    }
    if (const auto tokens = signed_tokens::rules_of(settings.tokens); !tokens) {
        found.push_back({"token-keys",
                         tokens.error().why + (who ? ", for the account " + who->name : ""),
                         "mend it: a server does not start with it, and one that runs keeps the "
                         "settings and keys that it has"});
    } else if (tokens->known && tokens->known->exposed()) {
        const auto& [what, todo] = *tokens->known->exposed();
        found.push_back({"token-keys-exposed", "token_keys: " + what, todo});
    }
    return found;
}

} // namespace pollster::doctor
