#include "tests/e2e/stack.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace e2e {

unsigned short free_port()
{
    boost::asio::io_context context;
    const boost::asio::ip::tcp::acceptor taken(context,
                                               {boost::asio::ip::make_address("127.0.0.1"), 0});
    return taken.local_endpoint().port();
}

namespace {

fs::path new_folder()
{
    std::string pattern = (fs::temp_directory_path() / "pollster-e2e-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("mkdtemp");
    }
    return pattern;
}

void must(const finished& f, const std::string& what)
{
    if (f.code != 0) {
        throw std::runtime_error(what + ": " + f.output);
    }
}

// One for all stacks of this program.
void write_certificate(const fs::path& folder)
{
    struct files {
        std::string key, chain;
    };
    static const files made = [] {
        const fs::path made_in = new_folder();
        must(run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                  "-keyout", made_in / "key", "-out", made_in / "chain"}),
             "openssl");
        files f{read_text(made_in / "key"), read_text(made_in / "chain")};
        fs::remove_all(made_in);
        return f;
    }();
    fs::create_directories(folder);
    std::ofstream(folder / "privkey.pem") << made.key;
    std::ofstream(folder / "fullchain.pem") << made.chain;
}

// Throws if `nginx -t` says anything against it. Once for each site: it loads the whole of nginx.
void check_site(const std::string& site, std::vector<std::string> nginx)
{
    static std::set<std::string> checked;
    if (!checked.insert(site).second) {
        return;
    }
    nginx.insert(nginx.end(), {"-t", "-q"});
    const auto check = run(nginx);
    // nginx from 1.25.1 has another way to say it, which the earlier ones do not know.
    std::istringstream said(check.output);
    bool content = check.code == 0;
    for (std::string line; std::getline(said, line);) {
        content = content &&
                  line.find(R"("listen ... http2" directive is deprecated)") != std::string::npos;
    }
    if (!content) {
        throw std::runtime_error("nginx -t is not content with " + site + ": " + check.output);
    }
}

} // namespace

fs::path source_folder()
{
    return POLLSTER_SOURCE;
}
fs::path pollster_program()
{
    return POLLSTER_PROGRAM;
}

stack::stack(stack_options o)
    : options_(std::move(o))
    , folder_(new_folder())
    , postgres_(options_.postgres != nullptr ? *options_.postgres : private_postgres::shared())
    , database_(postgres_.migrated_database())
    , mount_(options_.site == "pollster-api-host.conf" ? "" : "/api")
{
    write_settings();
    if (options_.demo) {
        must(administer({"demo"}), "pollster demo");
    }
    if (options_.start) {
        start_pollster();
    }
    start_nginx();
}

stack::~stack()
{
    nginx_.reset();
    pollster_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void stack::write_settings()
{
    std::map<std::string, std::string> settings{
        {"listen", "unix:" + socket().string()},
        {"database", postgres_.conninfo(database_)},
        {"database_owner", postgres_.owner_conninfo(database_)},
        {"rate_limits", "off"}, // one user does it all
        {"log_level", "debug"}};
    for (const auto& [name, value] : options_.settings) {
        settings[name] = value;
    }
    std::ofstream out(folder_ / "pollster.conf");
    for (const auto& [name, value] : settings) {
        out << name << " = " << value << '\n';
    }
}

std::vector<std::string> stack::pollster_command() const
{
    return {pollster_program(), "--config", folder_ / "pollster.conf", "serve"};
}

void stack::start_pollster()
{
    pollster_.reset();
    pollster_ = std::make_unique<process>(pollster_command(),
                                          process::options{folder_ / "pollster.log", -1, {}});
    eventually("pollster listens: " + log(), [&] {
        if (!pollster_->running()) {
            throw std::runtime_error("pollster ended: " + log());
        }
        return accepts(socket());
    });
}

std::unique_ptr<process> stack::start_another(int number) const
{
    auto command = pollster_command();
    command.insert(command.end(), {"--listen", "unix:" + socket(number).string()});
    auto another =
        std::make_unique<process>(command, process::options{folder_ / "pollster.log", -1, {}});
    eventually("another pollster listens: " + log(), [&] {
        if (!another->running()) {
            throw std::runtime_error("another pollster ended: " + log());
        }
        return accepts(socket(number));
    });
    return another;
}

void stack::start_nginx()
{
    const fs::path prefix = folder_ / "nginx";
    write_certificate(folder_ / "tls");
    port_ = free_port();
    tls_port_ = free_port();
    std::vector<std::string> instantiate{source_folder() / "nginx" / "instantiate",
                                         "--site",
                                         options_.site,
                                         "--prefix",
                                         prefix,
                                         "--server",
                                         "unix:" + socket().string() + " max_fails=0",
                                         "--web",
                                         source_folder() / "web",
                                         "--port",
                                         std::to_string(port_),
                                         "--tls-port",
                                         std::to_string(tls_port_),
                                         "--tls-dir",
                                         folder_ / "tls"};
    for (int number = 2; number <= options_.processes; ++number) {
        instantiate.insert(instantiate.end(),
                           {"--server", "unix:" + socket(number).string() + " max_fails=0"});
    }
    if (::geteuid() == 0) {
        // The checkout may be closed to others; that nginx's usual user gets along is ./run's
        // affair.
        instantiate.insert(instantiate.end(), {"--user", "root"});
    }
    must(run(instantiate), "nginx/instantiate");
    ::setenv("PATH", (std::string(::getenv("PATH")) + ":/usr/sbin").c_str(), 1);
    const std::vector<std::string> nginx{"nginx",          "-p", prefix,           "-e",
                                         "logs/error.log", "-c", "conf/nginx.conf"};
    check_site(options_.site, nginx);
    auto start = nginx;
    start.insert(start.end(), {"-g", "daemon off;"});
    nginx_ = std::make_unique<process>(start, process::options{prefix / "logs" / "output", -1, {}});
    eventually("nginx listens", [&] {
        if (!nginx_->running()) {
            throw std::runtime_error("nginx ended: " + nginx_log());
        }
        boost::asio::io_context context;
        boost::asio::ip::tcp::socket probe(context);
        boost::system::error_code refused;
        probe.connect({boost::asio::ip::make_address("127.0.0.1"), port_}, refused);
        return !refused;
    });
}

finished stack::administer(const std::vector<std::string>& words, const std::string& input) const
{
    std::vector<std::string> command{pollster_program(), "--config", folder_ / "pollster.conf"};
    command.insert(command.end(), words.begin(), words.end());
    return run(command, input);
}

std::string stack::session_of(const std::string& user) const
{
    auto made = administer({"session", "create", user});
    must(made, "pollster session create");
    made.output.pop_back(); // the newline
    return made.output;
}

std::string stack::sql(const std::string& text) const
{
    return postgres_.sql(database_, text);
}

reply stack::api(const std::string& method, const std::string& path, const std::string& body,
                 const header_list& headers) const
{
    return client().call(method, mount_ + path, body, headers);
}

double stack::metric(const std::string& name) const
{
    std::istringstream lines(api("GET", "/metrics").body);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(name + " ")) {
            return std::stod(line.substr(name.size() + 1));
        }
    }
    throw std::runtime_error("no metric " + name);
}

std::string stack::log() const
{
    return read_text(folder_ / "pollster.log");
}
std::string stack::nginx_log() const
{
    return read_text(folder_ / "nginx" / "logs" / "error.log");
}

std::string poll_form(const std::string& session, const std::map<int, int>& cursors)
{
    std::string out = "session_id=" + session;
    for (const auto& [wall, last] : cursors) {
        out += "&last_post_id[" + std::to_string(wall) + "]=" + std::to_string(last);
    }
    return out;
}

header_list json_of(const std::string& session)
{
    return {{"Authorization", "Bearer " + session}, {"Content-Type", "application/json"}};
}

bool accepts(const fs::path& socket)
{
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
    const bool yes =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return yes;
}

std::string read_text(const fs::path& file)
{
    std::stringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
}

} // namespace e2e
