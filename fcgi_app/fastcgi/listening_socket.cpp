#include "fcgi_app/fastcgi/listening_socket.hpp"
#include "text/number.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>
#include <pwd.h>
#include <string_view>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace fastcgi {

namespace {

class descriptor {
public:
    explicit descriptor(int fd)
        : fd_(fd)
    {
    }
    ~descriptor()
    {
        if (fd_ >= 0) {
            close(fd_);
        }
    }
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_;
};

std::string reason(int error)
{
    return std::strerror(error);
}

socket_error failed(const listen_address& address, const std::string& sentence)
{
    return {"cannot listen on " + to_string(address) + ": " + sentence};
}

sockaddr_un unix_sockaddr(const std::string& path)
{
    sockaddr_un out{};
    out.sun_family = AF_UNIX;
    path.copy(out.sun_path, sizeof out.sun_path - 1);
    return out;
}

// Does somebody accept connections there? Asked without blocking: EAGAIN is a living server with a
// full backlog.
bool is_living(const sockaddr_un& address)
{
    const descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
           errno == EAGAIN;
}

// The number of a user or group given by name or as a number; -1 leaves it as it is. None: unknown.
template <class Entry, class Lookup>
std::optional<unsigned> id_of(const std::string& name, unsigned Entry::* id, Lookup lookup)
{
    if (name.empty()) {
        return static_cast<unsigned>(-1);
    }
    if (const auto number = text::parse_number<unsigned>(name, 0, 999'999'999)) {
        return *number;
    }
    const Entry* entry = lookup(name.c_str());
    return entry != nullptr ? std::optional<unsigned>(entry->*id) : std::nullopt;
}

// Makes way for bind(): none when the path is free now, else the sentence.
std::optional<std::string> clear_path(const std::string& path, const sockaddr_un& address)
{
    struct stat found{};
    if (lstat(path.c_str(), &found) != 0) {
        return errno == ENOENT ? std::nullopt : std::optional(reason(errno));
    }
    if (!S_ISSOCK(found.st_mode)) {
        return "there is a file of that name that is no socket";
    }
    if (is_living(address)) {
        return "another server is already listening there";
    }
    if (unlink(path.c_str()) != 0 && errno != ENOENT) {
        return "a dead server's socket cannot be removed: " + reason(errno);
    }
    return std::nullopt;
}

std::string directory_of(const std::string& path)
{
    const auto slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

socket_result<listening_socket> open_unix(const unix_address& unix)
{
    const listen_address address{unix};
    const auto owner = id_of<passwd>(unix.owner, &passwd::pw_uid, getpwnam);
    const auto group = id_of<struct group>(unix.group, &group::gr_gid, getgrnam);
    if (!owner || !group) {
        return failed(address, owner ? "there is no group \"" + unix.group + "\""
                                     : "there is no user \"" + unix.owner + "\"");
    }
    const std::string directory = directory_of(unix.path);
    const descriptor lock(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (lock.get() < 0) {
        return failed(address, "directory " + directory + ": " + reason(errno));
    }
    // Two servers that start at once would both find the path dead; the directory's lock lets them
    // in one by one, and it ends with the process.
    if (flock(lock.get(), LOCK_EX) != 0) {
        return failed(address, "directory " + directory + " cannot be locked: " + reason(errno));
    }
    const sockaddr_un name = unix_sockaddr(unix.path);
    if (const auto wrong = clear_path(unix.path, name)) {
        return failed(address, *wrong);
    }
    descriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    // Nobody can connect before listen(), so owner and mode are set between the two; until then
    // only we may.
    const mode_t before = umask(0177);
    const int bound = bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
    const int bind_error = errno;
    umask(before);
    if (bound != 0) {
        return failed(address, reason(bind_error));
    }
    listening_socket out(fd.get(), to_string(address));
    fd.release();
    out.remember_file(unix.path);
    if (chown(unix.path.c_str(), *owner, *group) != 0) {
        return failed(address, "owner and group cannot be set: " + reason(errno));
    }
    if (chmod(unix.path.c_str(), unix.mode) != 0) {
        return failed(address, "the mode cannot be set: " + reason(errno));
    }
    if (listen(out.fd(), listen_backlog) != 0) {
        return failed(address, reason(errno));
    }
    return out;
}

socket_result<listening_socket> open_tcp(const tcp_address& tcp)
{
    const listen_address address{tcp};
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(tcp.host.c_str(), tcp.port.c_str(), &hints, &found);
        error != 0) {
        return failed(address, gai_strerror(error));
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
    descriptor fd(socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) {
        return failed(address, reason(errno));
    }
    const int on = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (found->ai_family == AF_INET6) {
        setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0 ||
        listen(fd.get(), listen_backlog) != 0) {
        return failed(address, errno == EADDRINUSE ? "another server is already listening there"
                                                   : reason(errno));
    }
    listening_socket out(fd.get(), to_string(address));
    fd.release();
    return out;
}

bool is_listening(int fd)
{
    int accepts = 0;
    socklen_t size = sizeof accepts;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0 && accepts == 1;
}

void make_non_blocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

} // namespace

listening_socket::listening_socket(int descriptor, std::string label, bool was_handed_over)
    : fd_(descriptor)
    , name_(std::move(label))
    , handed_over_(was_handed_over)
{
}

listening_socket::listening_socket(listening_socket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1))
    , name_(std::move(other.name_))
    , handed_over_(other.handed_over_)
    , path_(std::exchange(other.path_, {}))
    , device_(other.device_)
    , inode_(other.inode_)
{
}

listening_socket::~listening_socket()
{
    struct stat now{};
    if (!path_.empty() && lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ &&
        now.st_ino == inode_) {
        unlink(path_.c_str());
    }
    if (fd_ >= 0) {
        close(fd_);
    }
}

void listening_socket::remember_file(std::string path)
{
    struct stat made{};
    if (lstat(path.c_str(), &made) == 0) {
        path_ = std::move(path);
        device_ = made.st_dev;
        inode_ = made.st_ino;
    }
}

socket_result<listening_socket> open_listening_socket(const listen_address& address)
{
    if (const auto* unix = std::get_if<unix_address>(&address)) {
        return open_unix(*unix);
    }
    return open_tcp(std::get<tcp_address>(address));
}

socket_result<listening_socket> adopt_listening_socket(int fd, std::string label)
{
    if (!is_listening(fd)) {
        return socket_error{label + ": descriptor " + std::to_string(fd) +
                            " is no listening stream socket"};
    }
    make_non_blocking(fd);
    listen(fd, listen_backlog);
    return listening_socket(fd, std::move(label), true);
}

std::optional<listening_socket> inherited_listening_socket()
{
    if (!is_listening(STDIN_FILENO)) {
        return std::nullopt;
    }
    const int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    const descriptor null(open("/dev/null", O_RDONLY | O_CLOEXEC));
    dup2(null.get(), STDIN_FILENO);
    make_non_blocking(fd);
    listen(fd, listen_backlog);
    return listening_socket(fd, "descriptor 0", true);
}

} // namespace fastcgi
