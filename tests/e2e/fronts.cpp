#include "tests/e2e/fronts.hpp"

#include "tests/e2e/applications.hpp"

#include <boost/algorithm/string.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <map>
#include <sstream>
#include <unistd.h>

namespace fs = std::filesystem;

namespace e2e {

namespace {

std::string page_text()
{
    return read_text(source_folder() / "docs" / "FOREIGN_SERVERS.md");
}

settings paths_of(const chat& s)
{
    return {{"/run/pollster/pollster.sock", s.socket()},
            {"/usr/share/pollster/web", source_folder() / "web"}};
}

std::string local(unsigned short port)
{
    return "127.0.0.1:" + std::to_string(port);
}

// The shipped one, with a port more for HTTP/2 in the clear.
std::unique_ptr<front> nginx(chat& s)
{
    const auto port = free_port();
    change_nginx(s, "nginx.conf", "include pollster/pollster.conf;",
                 "    server {\n        listen " + local(port) +
                     " http2;\n        include pollster/snippets/server.conf;\n"
                     "        include pollster/snippets/page.conf;\n    }");
    return std::make_unique<front>(s.port(), port);
}

// It has no user to change to here: run by root it stays root.
std::unique_ptr<front> lighttpd(chat& s)
{
    const auto port = free_port();
    return std::make_unique<front>(
        s, "lighttpd",
        "server.port = " + std::to_string(port) + "\nserver.bind = \"127.0.0.1\"\n" +
            "server.modules = ( \"mod_access\" )\n" // as Debian's lighttpd.conf has it
            "server.feature-flags = ( \"server.h2c\" => \"enable\" )\n"
            "mimetype.assign = ( \".html\" => \"text/html\" )\n" +
            documented("lighttpd (mod_fastcgi)", "lighttpd", paths_of(s)),
        std::vector<std::string>{"/usr/sbin/lighttpd", "-D", "-f"}, port);
}

std::unique_ptr<front> apache(chat& s)
{
    const auto port = free_port();
    auto replacements = paths_of(s);
    replacements["*:80"] = local(port);
    return std::make_unique<front>(
        s, "apache",
        apache_base(s, port, {"proxy", "proxy_fcgi", "http2"}) + "Listen " + local(port) +
            "\nProtocols h2c http/1.1\n" +
            documented("Apache (mod_proxy_fcgi)", "apache", replacements),
        std::vector<std::string>{"/usr/sbin/apache2", "-D", "FOREGROUND", "-f"}, port);
}

std::unique_ptr<front> caddy(chat& s)
{
    const auto port = free_port();
    auto replacements = paths_of(s);
    replacements["chat.example"] = "http://:" + std::to_string(port);
    return std::make_unique<front>(
        s, "caddy",
        "{\n\tadmin off\n\tservers {\n\t\tprotocols h1 h2c\n\t}\n}\n" +
            documented("Caddy", "caddy", replacements),
        std::vector<std::string>{"env", "XDG_DATA_HOME=" + (s.folder() / "caddy").string(),
                                 "/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config"},
        port);
}

std::unique_ptr<front> h2o(chat& s)
{
    const auto port = free_port();
    // What Debian's h2o.conf has before the line hosts.
    return std::make_unique<front>(
        s, "h2o",
        "listen:\n  host: 127.0.0.1\n  port: " + std::to_string(port) +
            (::geteuid() == 0 ? "\nuser: root\n" : "\n") + documented("h2o", "yaml", paths_of(s)),
        std::vector<std::string>{"/usr/bin/h2o", "-m", "worker", "-c"}, port);
}

// The page comes from the chat's nginx.
std::unique_ptr<front> haproxy(chat& s)
{
    const auto port = free_port();
    const settings replacements{{"/run/pollster/pollster.sock", s.socket()},
                                {"bind :80", "bind " + local(port)},
                                {"127.0.0.1:8080", local(s.port())}};
    return std::make_unique<front>(s, "haproxy", documented("HAProxy", "haproxy", replacements),
                                   std::vector<std::string>{"/usr/sbin/haproxy", "-db", "-f"},
                                   port);
}

const std::map<std::string, std::unique_ptr<front> (*)(chat&)> starts{
    {"nginx", nginx}, {"lighttpd", lighttpd}, {"Apache", apache},
    {"Caddy", caddy}, {"h2o", h2o},           {"HAProxy", haproxy}};

// "12", as in /etc/os-release.
std::string debian()
{
    std::istringstream lines(read_text("/etc/os-release"));
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("VERSION_ID=")) {
            boost::erase_all(line, "\"");
            return line.substr(line.find('=') + 1);
        }
    }
    return "without a version";
}

// The cells of a row of a table: "| a | b |".
std::vector<std::string> cells(const std::string& row)
{
    std::vector<std::string> out;
    boost::split(out, row, boost::is_any_of("|"));
    for (auto& cell : out) {
        boost::trim(cell);
    }
    return {out.begin() + 1, out.end() - 1};
}

} // namespace

std::string documented(const std::string& heading, const std::string& language,
                       const settings& replacements, const std::string& document)
{
    const auto text = read_text(source_folder() / "docs" / document);
    const std::string fence = "```" + language + "\n";
    const auto section = text.find("\n## " + heading + "\n");
    BOOST_REQUIRE_MESSAGE(section != std::string::npos, "there is no section " + heading);
    const auto begin = text.find(fence, section) + fence.size();
    auto block = text.substr(begin, text.find("\n```", begin) + 1 - begin);
    for (const auto& [from, to] : replacements) {
        BOOST_REQUIRE_MESSAGE(block.find(from) != std::string::npos, from + " is not in " + block);
        boost::replace_all(block, from, to);
    }
    return block;
}

front::front(const chat& s, const std::string& name, const std::string& configuration,
             std::vector<std::string> command, unsigned short port)
    : port_(port)
    , http2_port_(port)
{
    const auto file = s.folder() / (name + ".conf");
    const auto output = s.folder() / (name + ".log");
    std::ofstream(file) << configuration;
    command.push_back(file);
    process_ = std::make_unique<process>(command, process::options{output, -1, {}});
    eventually(name + " answers", [&] {
        BOOST_REQUIRE_MESSAGE(process_->running(), read_text(output));
        try {
            http_client(port_).call("GET", "/");
            return true;
        } catch (const boost::system::system_error&) {
            return false; // does not listen yet
        }
    });
}

front::front(unsigned short port, unsigned short http2_port)
    : port_(port)
    , http2_port_(http2_port)
{
}

front::~front()
{
    if (process_) {
        process_->signal(SIGTERM); // so that it takes its own children along
        process_->wait();
    }
}

reply front::send(const call& c) const
{
    return http_client(port_).call(c.method, "/api" + c.path, c.body, c.headers);
}

std::string front::status_for(const std::string& address, const std::string& path) const
{
    return run({"curl", "-s", "--path-as-is", "-o", "/dev/null", "-w", "%{http_code}",
                "--interface", address, "-H", "X-Forwarded-For: 127.0.0.1",
                "http://" + local(port_) + path})
        .output;
}

std::string apache_base(const chat& s, unsigned short port, const std::vector<std::string>& modules)
{
    std::string base;
    std::vector<std::string> all{"mpm_event", "authz_core", "authz_host", "dir"};
    all.insert(all.end(), modules.begin(), modules.end());
    for (const auto& name : all) {
        base += "LoadModule " + name + "_module /usr/lib/apache2/modules/mod_" + name + ".so\n";
    }
    const auto folder = s.folder() / ("apache" + std::to_string(port));
    fs::create_directories(folder);
    base += "ServerRoot " + folder.string() +
            "\nServerName localhost\nPidFile apache.pid\nErrorLog error.log\n"
            "DefaultRuntimeDir " +
            folder.string() + "\n";
    if (::geteuid() == 0) {
        // Apache refuses to serve as root.
        base += "User www-data\nGroup www-data\n";
        using enum fs::perms;
        fs::permissions(s.folder(), others_read | others_exec, fs::perm_options::add);
        fs::permissions(s.socket(), others_read | others_write, fs::perm_options::add);
    }
    return base;
}

settings front_kind::of_pollster() const
{
    return name == "h2o" ? settings{{"mount", "/api"}} : settings{};
}

std::vector<front_kind> fronts()
{
    std::vector<front_kind> here;
    std::istringstream lines(page_text());
    std::size_t rows = 0;
    std::size_t column = 0; // of this Debian
    for (std::string line; std::getline(lines, line);) {
        const auto row = line.starts_with("| ") ? cells(line) : std::vector<std::string>{};
        if (row.size() != 7) {
            continue;
        }
        if (row[0] == "front") {
            column = row[1] == "Debian " + debian() ? 1 : row[2] == "Debian " + debian() ? 2 : 0;
            BOOST_REQUIRE_MESSAGE(column > 0, "the page does not know a Debian " + debian());
        } else if (const auto start = starts.find(row[0]); start != starts.end()) {
            ++rows;
            if (row.at(column) != "none") {
                here.push_back({row[0], row[3], row[4], row[5], row[6], start->second});
            }
        }
    }
    BOOST_REQUIRE_MESSAGE(rows == starts.size(), "the page has " << rows << " of the fronts here");
    return here;
}

} // namespace e2e
