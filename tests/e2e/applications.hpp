// Other applications behind the chat's nginx: the site and the three programs of docs/PARK.md as
// they are printed there, run by Debian's php-fpm, Perl and Python. Only paths, the port and the
// database's name are others. Everything ends with the object. Main thread only.
#pragma once

#include "tests/e2e/chat.hpp"

#include <memory>
#include <string>
#include <vector>

namespace e2e {

class applications {
public:
    // `php_workers`: that answer at a time.
    explicit applications(chat& s, int php_workers = 1);
    applications(const applications&) = delete;
    applications& operator=(const applications&) = delete;

    void start_perl();   // /board
    void start_python(); // /inbox
    // One more page of the PHP application: "x.php".
    void add_page(const std::string& name, const std::string& text) const;
    // The header of a session that PHP has begun.
    header_list signed_in() const;

    // What docs/PARK.md has from `begin` up to `end`.
    static std::string printed_between(const std::string& begin, const std::string& end);
    std::filesystem::path php_socket() const { return folder_ / "php.sock"; }

    http_client client() const { return http_client(port_); }
    reply get(const std::string& target, const header_list& headers = {}) const
    {
        return client().call("GET", target, {}, headers);
    }
    unsigned short port() const { return port_; }

private:
    void start_php(int workers);
    void add_site();
    std::unique_ptr<process> start(const std::vector<std::string>& command,
                                   const std::string& name) const;
    // Of docs/PARK.md, with this host's paths.
    std::string printed(const std::string& language) const;

    chat& chat_;
    std::filesystem::path folder_;
    unsigned short port_ = free_port();
    std::vector<std::unique_ptr<process>> programs_;
};

// Puts `more` behind the line `after` of a file of the stack's nginx, and returns when nginx has
// read it, and no worker of before takes a connection any more.
void change_nginx(stack& s, const std::string& file, const std::string& after,
                  const std::string& more);

} // namespace e2e
