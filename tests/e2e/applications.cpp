#include "tests/e2e/applications.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace fs = std::filesystem;

namespace e2e {

namespace {

void replace(std::string& text, const std::string& from, const std::string& to)
{
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

// Its name has the version in it.
std::string php_fpm()
{
    for (const auto& file : fs::directory_iterator("/usr/sbin")) {
        if (file.path().filename().string().starts_with("php-fpm")) {
            return file.path();
        }
    }
    throw std::runtime_error("there is no php-fpm in /usr/sbin");
}

// Of this master.
std::vector<std::string> workers_of(pid_t nginx)
{
    const auto id = std::to_string(nginx);
    std::istringstream children(read_text("/proc/" + id + "/task/" + id + "/children"));
    return {std::istream_iterator<std::string>(children), {}};
}

// A worker takes no connection any more: it says so in its title, and may still have old ones.
bool is_leaving(const std::string& worker)
{
    const fs::path title = "/proc/" + worker + "/cmdline";
    return !fs::exists(title) || read_text(title).find("shutting down") != std::string::npos;
}

} // namespace

void change_nginx(stack& s, const std::string& file, const std::string& after,
                  const std::string& more)
{
    static int changes = 0;
    const auto conf = s.folder() / "nginx" / "conf";
    auto text = read_text(conf / file);
    const auto at = text.find(after);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, after + " is not in " + file);
    text.insert(at + after.size(), "\n" + more);
    std::ofstream(conf / file) << text;
    // A server of its own tells when the new workers are there. At a socket in the stack's folder:
    // a free port may be somebody else's by the time nginx wants it.
    const auto mark = "mark" + std::to_string(++changes) + ".conf";
    const auto socket = s.folder() / (mark + ".sock");
    auto main = read_text(conf / "nginx.conf");
    main.insert(main.rfind('}'), "    include " + mark + ";\n");
    std::ofstream(conf / "nginx.conf") << main;
    std::ofstream(conf / mark) << "server { listen unix:" << socket.string() << "; return 204; }\n";
    const auto before = workers_of(s.nginx().pid());
    s.nginx().signal(SIGHUP);
    eventually("nginx has read " + file + ": " + s.nginx_log(), [&] {
        return run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket",
                    socket.string(), "http://mark/"})
                   .output == "204";
    });
    eventually("no worker of before answers",
               [&] { return std::all_of(before.begin(), before.end(), is_leaving); });
}

applications::applications(chat& s, int php_workers)
    : chat_(s)
    , folder_(s.folder() / "applications")
{
    fs::create_directories(folder_ / "shop");
    fs::create_directories(folder_ / "sessions");
    add_page("poll.php", printed("php"));
    add_page("login.php", "<?php session_start(); $_SESSION['user'] = 1; echo 'in';");
    add_page("echo.php",
             "<?php echo $_SERVER['REQUEST_METHOD'], ' ', file_get_contents('php://input');");
    start_php(php_workers);
    add_site();
}

std::string applications::printed(const std::string& language) const
{
    const auto page = read_text(source_folder() / "docs" / "PARK.md");
    const std::string fence = "```" + language + "\n";
    const auto begin = page.find(fence);
    BOOST_REQUIRE_MESSAGE(begin != std::string::npos, "docs/PARK.md has no block of " + language);
    const auto from = begin + fence.size();
    auto block = page.substr(from, page.find("\n```", from) + 1 - from);
    replace(block, "dbname=shop", chat_.owner_conninfo());
    replace(block, "listen 8080", "listen 127.0.0.1:" + std::to_string(port_));
    replace(block, "/srv/shop", folder_ / "shop");
    replace(block, "/run/php/php-fpm.sock", folder_ / "php.sock");
    replace(block, "unix:/run/", "unix:" + folder_.string() + "/");
    for (const char* shipped : {"fastcgi.conf", "fastcgi_params", "uwsgi_params"}) {
        replace(block, std::string("include ") + shipped,
                std::string("include /etc/nginx/") + shipped);
    }
    return block;
}

std::string applications::printed_between(const std::string& begin, const std::string& end)
{
    const auto page = read_text(source_folder() / "docs" / "PARK.md");
    const auto at = page.find(begin);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, "docs/PARK.md does not have " + begin);
    return page.substr(at, page.find(end, at) - at);
}

void applications::add_page(const std::string& name, const std::string& text) const
{
    std::ofstream(folder_ / "shop" / name) << text;
}

std::unique_ptr<process> applications::start(const std::vector<std::string>& command,
                                             const std::string& name) const
{
    const auto output = folder_ / (name + ".log");
    auto started = std::make_unique<process>(command, process::options{output, -1, {}});
    eventually(name + " listens: " + read_text(output), [&] {
        BOOST_REQUIRE_MESSAGE(started->running(), read_text(output));
        return accepts(folder_ / (name + ".sock"));
    });
    return started;
}

void applications::start_php(int workers)
{
    const auto configuration = folder_ / "php-fpm.conf";
    const bool root = ::geteuid() == 0;
    std::ofstream(configuration)
        << "[global]\nerror_log = /dev/stderr\ndaemonize = no\n[shop]\nlisten = "
        << (folder_ / "php.sock").string() << '\n'
        << (root ? "user = root\ngroup = root\n" : "")
        << "pm = static\npm.max_children = " << workers << "\ncatch_workers_output = yes\n"
        << "php_value[session.save_path] = " << (folder_ / "sessions").string() << '\n';
    std::vector<std::string> command{php_fpm(), "-F", "-y", configuration};
    if (root) {
        command.emplace_back("-R");
    }
    programs_.push_back(start(command, "php"));
}

void applications::start_perl()
{
    std::ofstream(folder_ / "board.pl") << printed("perl");
    programs_.push_back(start({"spawn-fcgi", "-n", "-s", folder_ / "board.sock", "--",
                               "/usr/bin/perl", folder_ / "board.pl"},
                              "board"));
}

void applications::start_python()
{
    std::ofstream(folder_ / "inbox.py") << printed("python");
    programs_.push_back(
        start({"uwsgi", "--plugin", "python3", "--die-on-term", "--socket", folder_ / "inbox.sock",
               "--wsgi-file", folder_ / "inbox.py", "--need-app"},
              "inbox"));
}

void applications::add_site()
{
    const auto conf = chat_.folder() / "nginx" / "conf";
    std::ofstream(conf / "applications.conf") << printed("nginx");
    change_nginx(chat_, "nginx.conf", "include pollster/pollster.conf;",
                 "    include applications.conf;");
}

header_list applications::signed_in() const
{
    const auto cookie = get("/login.php").header("Set-Cookie");
    return {{"Cookie", cookie.substr(0, cookie.find(';'))}};
}

} // namespace e2e
