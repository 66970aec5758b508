#include "fcgi_app/cli/doctor/host.hpp"

#include "text/number.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

namespace fs = std::filesystem;

namespace pollster::doctor {

namespace {

std::string first_line(const fs::path& file)
{
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

// Field 4 of /proc/PID/stat; the name before it, in parentheses, may hold anything.
pid_t parent_of(pid_t pid)
{
    const auto stat = first_line("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream rest(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
    char state = 0;
    pid_t parent = 0;
    rest >> state >> parent;
    return parent;
}

std::string name_of(pid_t pid)
{
    return first_line("/proc/" + std::to_string(pid) + "/comm");
}

// The first of a family of processes of one program.
pid_t master_of(pid_t pid)
{
    const auto name = name_of(pid);
    for (pid_t parent = parent_of(pid); parent > 1 && name_of(parent) == name;
         parent = parent_of(pid)) {
        pid = parent;
    }
    return pid;
}

std::vector<pid_t> processes()
{
    std::vector<pid_t> out;
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator("/proc", gone)) {
        if (const auto pid =
                text::parse_number<pid_t>(entry.path().filename().string(), 1, 1 << 30)) {
            out.push_back(*pid);
        }
    }
    return out;
}

std::map<std::string, unsigned short> listening_inodes()
{
    std::map<std::string, unsigned short> out;
    for (const char* file : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream in(file);
        for (std::string line; std::getline(in, line);) {
            if (const auto found = listening_in(line)) {
                out.emplace(found->inode, found->port);
            }
        }
    }
    return out;
}

std::vector<port_owner> port_owners(const std::vector<pid_t>& pids)
{
    constexpr std::string_view beginning = "socket:[";
    const auto ports = listening_inodes();
    std::vector<port_owner> out;
    for (const pid_t pid : pids) {
        std::error_code gone;
        for (const auto& fd :
             fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone)) {
            const auto link = fs::read_symlink(fd.path(), gone).string();
            if (!link.starts_with(beginning) || !link.ends_with(']')) {
                continue;
            }
            const auto port =
                ports.find(link.substr(beginning.size(), link.size() - beginning.size() - 1));
            if (port != ports.end()) {
                const pid_t master = master_of(pid);
                out.push_back({port->second, master, name_of(master)});
            }
        }
    }
    return out;
}

// Of the nginx workers that run, the least.
std::optional<long> worker_files(const std::vector<pid_t>& pids)
{
    std::optional<long> out;
    for (const pid_t pid : pids) {
        if (name_of(pid) != "nginx" || name_of(parent_of(pid)) != "nginx") {
            continue;
        }
        std::ifstream in("/proc/" + std::to_string(pid) + "/limits");
        for (std::string line; std::getline(in, line);) {
            std::istringstream words(line);
            std::string max;
            std::string open;
            std::string files;
            long soft = 0;
            if (words >> max >> open >> files >> soft && open == "open" && files == "files") {
                out = std::min(out.value_or(soft), soft);
            }
        }
    }
    return out;
}

} // namespace

std::optional<listening_inode> listening_in(const std::string& line)
{
    // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...
    std::istringstream words(line);
    std::string sl;
    std::string local;
    std::string remote;
    std::string state;
    std::string other;
    listening_inode out;
    words >> sl >> local >> remote >> state;
    for (int i = 0; i < 5; ++i) {
        words >> other;
    }
    const auto colon = local.rfind(':');
    if (!(words >> out.inode) || state != "0A" || colon == std::string::npos) {
        return std::nullopt;
    }
    const auto port =
        text::parse_number<unsigned short>(std::string_view(local).substr(colon + 1), 0, 65535, 16);
    if (!port) {
        return std::nullopt;
    }
    out.port = *port;
    return out;
}

facts facts_of_host(std::vector<std::string>& unchecked)
{
    facts out;
    out.cores = std::max(1U, std::thread::hardware_concurrency());
    std::ifstream("/proc/sys/net/core/somaxconn") >> out.somaxconn;
    const auto pids = processes();
    out.worker_files = worker_files(pids);
    if (::geteuid() == 0) {
        out.owners = port_owners(pids);
    } else {
        unchecked.emplace_back("whether a second nginx listens: only root sees whose a port is");
    }
    return out;
}

} // namespace pollster::doctor
