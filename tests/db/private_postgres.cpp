#include "tests/db/private_postgres.hpp"

#include "db/migrate.hpp"
#include "tests/db/children.hpp"
#include "tests/db/settings_against.hpp"
#include "tests/patience.hpp"
#include "text/number.hpp"

#include <libpq-fe.h>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

// PostgreSQL refuses to run as root.
const passwd* other_user()
{
    static const passwd* const user = [] {
        const passwd* p = nullptr;
        if (::geteuid() == 0) {
            p = ::getpwnam("postgres");
            p = p != nullptr ? p : ::getpwnam("nobody");
            if (p == nullptr) {
                throw std::runtime_error(
                    "PostgreSQL does not run as root, and there is no user postgres or nobody");
            }
            static const passwd kept = *p; // the next call of getpwnam overwrites its own
            p = &kept;
        }
        return p;
    }();
    return user;
}

fs::path newest_programs()
{
    if (const char* given = std::getenv("POLLSTER_PG_BIN")) {
        return given;
    }
    fs::path best;
    int best_version = 0;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", none)) {
        const int version =
            text::parse_number<int>(entry.path().filename().string(), 1, INT_MAX).value_or(0);
        if (version > best_version && fs::exists(entry.path() / "bin" / "postgres")) {
            best_version = version;
            best = entry.path() / "bin";
        }
    }
    if (best.empty()) {
        throw std::runtime_error(
            "no PostgreSQL server found below /usr/lib/postgresql; set POLLSTER_PG_BIN");
    }
    return best;
}

// In the child: another user if need be, output into `log`, end with the parent.
[[noreturn]] void become(const std::vector<std::string>& command, const fs::path& log)
{
    if (const passwd* user = other_user()) {
        if (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
            ::setuid(user->pw_uid) != 0) {
            ::_exit(126);
        }
    }
    // After setuid, which clears it. SIGQUIT is PostgreSQL's immediate shutdown.
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int in = ::open("/dev/null", O_RDONLY);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    if (::chdir("/") != 0) {
        ::_exit(126);
    }
    ::setenv("LC_ALL", "C.UTF-8", 1);
    if (settings_are_against()) {
        ::setenv("LOCPATH", (log.parent_path() / "locales").c_str(), 1);
    }
    std::vector<char*> argv;
    for (const auto& word : command) {
        argv.push_back(const_cast<char*>(word.c_str()));
    }
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

pid_t launch(const std::vector<std::string>& command, const fs::path& log)
{
    other_user(); // throws here, not in the child
    const pid_t pid = ::fork();
    if (pid < 0) {
        throw std::runtime_error("fork failed");
    }
    if (pid == 0) {
        become(command, log);
    }
    return pid;
}

std::string contents(const fs::path& file)
{
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

} // namespace

private_postgres& private_postgres::shared()
{
    static private_postgres instance;
    return instance;
}

private_postgres::private_postgres(std::vector<std::string> options, const fs::path& parent)
    : options_(std::move(options))
{
    make_folder(parent.empty() ? fs::temp_directory_path() : parent);
    try {
        if (settings_are_against()) {
            // Messages in another language; the machine itself need not have it.
            fs::create_directory(folder_ / "locales");
            fs::permissions(folder_ / "locales", fs::perms::all);
            run("/usr/bin/localedef", {"--no-archive", "-i", "de_DE", "-f", "UTF-8",
                                       folder_ / "locales" / "de_DE.UTF-8"});
        }
        run("initdb", {"-D", folder_ / "data", "-U", "founder", "--auth=trust", "--encoding=UTF8",
                       "--locale=C.UTF-8", "--no-sync"});
        start();
        prepare();
    } catch (...) {
        fs::remove_all(folder_);
        throw;
    }
}

private_postgres::private_postgres(standby_of, const private_postgres& primary)
    : options_(primary.options_)
{
    make_folder(fs::temp_directory_path());
    try {
        run("pg_basebackup", {"-D", folder_ / "data", "-d", primary.test_conninfo("postgres"),
                              "--write-recovery-conf", "--checkpoint=fast", "--no-sync"});
        start();
    } catch (...) {
        fs::remove_all(folder_);
        throw;
    }
}

void private_postgres::prepare()
{
    // The tests' own statements are sent by a role whose settings nobody turned. The owner may use
    // whatever tables a test makes for the views of the contract; the role that serves owns
    // nothing.
    command("postgres", "founder",
            "create role tester superuser login; create role pollster_owner superuser login; "
            "create role pollster login");
    if (!settings_are_against()) {
        return;
    }
    command("template1", "tester", hostile_schema());
    for (const auto& s : settings_against()) {
        if (sql("postgres", std::string("select count(*) from pg_settings where lower(name) = '") +
                                s.name + "'") == "0") {
            continue; // of another version
        }
        for (const std::string role : {"pollster", "pollster_owner"}) {
            if (role == "pollster" && s.name == std::string_view("session_replication_role")) {
                continue; // refused: only a superuser can set it back
            }
            command("postgres", "tester",
                    "alter role " + role + " set " + s.name + " = " + s.value);
        }
    }
}

void private_postgres::make_folder(const fs::path& parent)
{
    // Not below the build folder: another user may not be allowed in there, and socket paths have
    // 107 bytes.
    std::string pattern = parent / "pollster-pg-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("cannot make a temporary folder");
    }
    folder_ = pattern;
    if (const passwd* user = other_user()) {
        if (::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
            throw std::runtime_error("cannot give away " + folder_.string());
        }
    }
}

private_postgres::~private_postgres()
{
    crash();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

std::string private_postgres::program(const std::string& name) const
{
    static const fs::path folder = newest_programs();
    return folder / name;
}

void private_postgres::run(const std::string& name, const std::vector<std::string>& arguments) const
{
    std::vector<std::string> command{program(name)};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const fs::path output = folder_ / (fs::path(name).filename().string() + ".log");
    const pid_t pid = launch(command, output);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0) {
        throw std::runtime_error(name + " failed:\n" + contents(output));
    }
}

void private_postgres::start()
{
    std::vector<std::string> command{program("postgres"), "-D", folder_ / "data"};
    std::vector<std::string> settings{"listen_addresses=",
                                      "unix_socket_directories=" + folder_.string(),
                                      "fsync=off",
                                      "max_connections=100",
                                      "max_prepared_transactions=4",
                                      "shared_buffers=32MB",
                                      "max_wal_size=256MB",
                                      "log_line_prefix=%a|"};
    settings.insert(settings.end(), options_.begin(), options_.end());
    for (const auto& s : settings) {
        command.insert(command.end(), {"-c", s});
    }
    postmaster_ = launch(command, folder_ / "server.log");
    // Another process's readiness can only be asked for.
    const auto deadline = std::chrono::steady_clock::now() + tests::patience;
    while (::PQping(conninfo("postgres").c_str()) != PQPING_OK) {
        int status = 0;
        if (::waitpid(postmaster_, &status, WNOHANG) == postmaster_) {
            postmaster_ = -1;
            throw std::runtime_error("PostgreSQL did not start:\n" + log());
        }
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error("PostgreSQL takes no connections:\n" + log());
        }
        std::this_thread::sleep_for(10ms);
    }
}

void private_postgres::stop()
{
    end(SIGINT);
}

void private_postgres::crash()
{
    end(SIGQUIT);
}

void private_postgres::kill()
{
    if (postmaster_ <= 0) {
        return;
    }
    // The postmaster first, so that it starts none anew for those that end.
    ::kill(postmaster_, SIGSTOP);
    const auto others = children_of(postmaster_);
    end(SIGKILL);
    for (const pid_t other : others) {
        ::kill(other, SIGKILL);
    }
    // A start refuses while one of them is attached to the shared memory.
    for (const pid_t other : others) {
        while (fs::exists("/proc/" + std::to_string(other) + "/exe")) {
            std::this_thread::sleep_for(2ms);
        }
    }
}

bool private_postgres::ended_by_itself()
{
    int status = 0;
    if (postmaster_ > 0 && ::waitpid(postmaster_, &status, WNOHANG) == postmaster_) {
        postmaster_ = -1;
        return true;
    }
    return false;
}

void private_postgres::end(int signal)
{
    connections_.close_all();
    if (postmaster_ > 0) {
        ::kill(postmaster_, signal);
        int status = 0;
        while (::waitpid(postmaster_, &status, 0) < 0 && errno == EINTR) {
        }
        postmaster_ = -1;
    }
}

std::string private_postgres::log() const
{
    return contents(folder_ / "server.log");
}

std::string private_postgres::conninfo(const std::string& database) const
{
    return "host=" + folder_.string() + " user=pollster dbname=" + database;
}

db::settings private_postgres::settings(const std::string& database) const
{
    db::settings s;
    s.database = conninfo(database);
    s.database_owner = owner_conninfo(database);
    s.serving_role = "pollster";
    s.statement_timeout = tests::patience; // a busy machine must not reach it
    return s;
}

std::string private_postgres::owner_conninfo(const std::string& database) const
{
    return "host=" + folder_.string() + " user=pollster_owner dbname=" + database;
}

std::string private_postgres::test_conninfo(const std::string& database) const
{
    return "host=" + folder_.string() + " user=tester application_name=test dbname=" + database;
}

std::string private_postgres::sql(const std::string& database, const std::string& text) const
{
    return command(database, "tester", text);
}

std::string private_postgres::command(const std::string& database, const std::string& role,
                                      const std::string& text) const
{
    if (text.find("database ") != std::string::npos) {
        connections_.close_all(); // nobody may be in what is copied, dropped or renamed
    }
    const std::string conninfo = test_conninfo(database) + " user=" + role;
    auto connection = connections_.take(conninfo);
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(
        PQexec(connection.get(), text.c_str()), &PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        throw std::runtime_error(PQerrorMessage(connection.get()));
    }
    connections_.give_back(conninfo, std::move(connection), text);
    return PQntuples(result.get()) > 0 && PQnfields(result.get()) > 0
               ? PQgetvalue(result.get(), 0, 0)
               : "";
}

constexpr const char* owned = " owner pollster_owner";
std::string private_postgres::empty_database()
{
    std::string name = "t" + std::to_string(++databases_);
    sql("postgres", "create database " + name + owned);
    return name;
}

// For every case: faster by far than through the log, which nobody replays here.
constexpr const char* copied_whole = " strategy file_copy";
std::string private_postgres::migrated_database(const std::string& rows)
{
    if (templates_.empty()) {
        sql("postgres", std::string("create database migrated") + owned);
        const auto done = db::migrate(settings("migrated"), [](const std::string&) {});
        if (!done) {
            throw std::runtime_error(done.error().sentence);
        }
        templates_[""] = "migrated";
    }
    const auto known = templates_.find(rows);
    std::string from = known == templates_.end() ? "" : known->second;
    if (from.empty()) {
        from = "migrated" + std::to_string(templates_.size());
        sql("postgres", "create database " + from + " template migrated" + copied_whole + owned);
        sql(from, rows);
        templates_[rows] = from;
    }
    std::string name = "t" + std::to_string(++databases_);
    sql("postgres", "create database " + name + " template " + from + copied_whole + owned);
    return name;
}
