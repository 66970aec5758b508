#include "fcgi_app/cli/streams.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace pollster::cli {

namespace {

class socket_stream : public byte_stream {
public:
    explicit socket_stream(int family)
        : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
    }
    ~socket_stream() override { ::close(fd_); }
    socket_stream(const socket_stream&) = delete;
    socket_stream& operator=(const socket_stream&) = delete;

    // On Linux the time to send is also that to connect.
    bool connect(const sockaddr* to, socklen_t size, std::chrono::seconds patience) const
    {
        const timeval limit{patience.count(), 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        return ::connect(fd_, to, size) == 0;
    }
    bool send(std::string_view all) override
    {
        while (!all.empty()) {
            const auto sent = send_some(all);
            if (sent <= 0) {
                return false;
            }
            all.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    std::string receive() override
    {
        std::string piece(65'536, '\0');
        const auto got = receive_some(piece);
        piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return piece;
    }
    void hang_up() override { ::shutdown(fd_, SHUT_RDWR); }

protected:
    int fd() const { return fd_; }
    virtual ssize_t send_some(std::string_view all)
    {
        return ::send(fd_, all.data(), all.size(), MSG_NOSIGNAL);
    }
    virtual ssize_t receive_some(std::string& into)
    {
        return ::recv(fd_, into.data(), into.size(), 0);
    }

private:
    int fd_;
};

class tls_stream final : public socket_stream {
public:
    explicit tls_stream(int family)
        : socket_stream(family)
        , context_(SSL_CTX_new(TLS_client_method()))
    {
        SSL_CTX_set_default_verify_paths(context_.get());
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        ssl_.reset(SSL_new(context_.get()));
    }

    // Empty: done. After connect().
    std::string shake_hands(const std::string& host)
    {
        ERR_clear_error();
        SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
        SSL_set1_host(ssl_.get(), host.c_str());
        SSL_set_fd(ssl_.get(), fd());
        if (SSL_connect(ssl_.get()) == 1) {
            return {};
        }
        if (const long bad = SSL_get_verify_result(ssl_.get()); bad != X509_V_OK) {
            return std::string("its certificate: ") + X509_verify_cert_error_string(bad);
        }
        const char* reason = ERR_reason_error_string(ERR_peek_error());
        return reason != nullptr ? reason : "no TLS";
    }

protected:
    ssize_t send_some(std::string_view all) override
    {
        return SSL_write(ssl_.get(), all.data(), static_cast<int>(all.size()));
    }
    ssize_t receive_some(std::string& into) override
    {
        return SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
    }

private:
    struct freed {
        void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
        void operator()(SSL* s) const { SSL_free(s); }
    };
    std::unique_ptr<SSL_CTX, freed> context_;
    std::unique_ptr<SSL, freed> ssl_;
};

std::string why_not_connected()
{
    return errno == EINPROGRESS ? "no answer in time" : std::strerror(errno);
}

using stream_outcome = db::outcome<std::unique_ptr<byte_stream>>;

} // namespace

stream_outcome connect_unix(const std::string& path, std::chrono::seconds patience)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return db::refusal{"cannot connect to " + path + ": the path is too long"};
    }
    path.copy(address.sun_path, path.size());
    auto stream = std::make_unique<socket_stream>(AF_UNIX);
    if (!stream->connect(reinterpret_cast<const sockaddr*>(&address), sizeof address, patience)) {
        return db::refusal{"cannot connect to " + path + ": " + why_not_connected()};
    }
    return std::unique_ptr<byte_stream>(std::move(stream));
}

stream_outcome connect_tcp(bool tls, const std::string& host, const std::string& port,
                           std::chrono::seconds patience)
{
    const std::string where = "cannot connect to " + host + " port " + port + ": ";
    const std::string name = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(name.c_str(), port.c_str(), &wanted, &found); error != 0) {
        return db::refusal{where + gai_strerror(error)};
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, freeaddrinfo);
    std::string why;
    for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
        if (!tls) {
            auto stream = std::make_unique<socket_stream>(a->ai_family);
            if (stream->connect(a->ai_addr, a->ai_addrlen, patience)) {
                return std::unique_ptr<byte_stream>(std::move(stream));
            }
            why = why_not_connected();
            continue;
        }
        auto stream = std::make_unique<tls_stream>(a->ai_family);
        if (!stream->connect(a->ai_addr, a->ai_addrlen, patience)) {
            why = why_not_connected();
        } else if (why = stream->shake_hands(name); why.empty()) {
            return std::unique_ptr<byte_stream>(std::move(stream));
        }
    }
    return db::refusal{where + why};
}

} // namespace pollster::cli
