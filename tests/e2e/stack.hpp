// The whole stack as it is shipped: a database in the test program's PostgreSQL, the real pollster,
// and the real nginx with a shipped site in which only paths and ports are replaced. Everything
// ends with the object. Main thread only.
#pragma once

#include "tests/db/private_postgres.hpp"
#include "tests/e2e/http_client.hpp"
#include "tests/e2e/process.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace e2e {

struct stack_options {
    std::string site = "pollster.conf";
    std::map<std::string, std::string>
        settings{};    // into pollster.conf, over what the stack writes there
    bool demo = true;  // users ann, bob and cleo, walls 1 to 3
    bool start = true; // false: the test starts pollster its own way
    int processes = 1; // in nginx's upstream; those beyond the first are started by the test
    private_postgres* postgres = nullptr; // none: the one shared by the program's tests
};

class stack {
public:
    explicit stack(stack_options o = {});
    ~stack();
    stack(const stack&) = delete;
    stack& operator=(const stack&) = delete;

    // Starts pollster and returns when it listens.
    void start_pollster();
    // How it is started: program and arguments.
    std::vector<std::string> pollster_command() const;
    process& pollster() { return *pollster_; }
    // Starts one more process, on socket(number), and returns when it listens.
    std::unique_ptr<process> start_another(int number) const;
    // Takes over a pollster that the test started in its own way.
    void adopt(std::unique_ptr<process> pollster) { pollster_ = std::move(pollster); }

    // Runs an administration command: {"user", "add", "ann"}.
    finished administer(const std::vector<std::string>& words, const std::string& input = {}) const;
    std::string session_of(const std::string& user) const; // a new token
    std::string sql(const std::string& text) const;
    std::string conninfo() const { return postgres_.conninfo(database_); }

    http_client client() const { return http_client(port_); }
    // One call on a connection of its own, below the mount: api("GET", "/walls").
    reply api(const std::string& method, const std::string& path, const std::string& body = {},
              const header_list& headers = {}) const;
    double metric(const std::string& name) const; // "pollster_parked_polls"
    std::string log() const;                      // pollster's
    std::string nginx_log() const;                // error log
    process& nginx() { return *nginx_; }          // its master

    unsigned short port() const { return port_; }
    unsigned short tls_port() const { return tls_port_; }
    const std::string& mount() const { return mount_; } // "/api" or ""
    std::filesystem::path socket(int number = 1) const
    {
        return folder_ / ("pollster" + (number == 1 ? "" : "@" + std::to_string(number)) + ".sock");
    }
    const std::filesystem::path& folder() const { return folder_; }
    private_postgres& postgres() { return postgres_; }

private:
    void write_settings();
    void start_nginx();

    stack_options options_;
    std::filesystem::path folder_;
    private_postgres& postgres_;
    std::string database_;
    std::string mount_;
    unsigned short port_ = 0;
    unsigned short tls_port_ = 0;
    std::unique_ptr<process> pollster_;
    std::unique_ptr<process> nginx_;
};

// A poll's body as a form: poll_form(token, {{1, 0}, {2, 7}}).
std::string poll_form(const std::string& session, const std::map<int, int>& cursors);
inline const header_list form_header{{"Content-Type", "application/x-www-form-urlencoded"}};
header_list json_of(const std::string& session); // Bearer and Content-Type: application/json

unsigned short free_port();                        // of 127.0.0.1, at this moment
bool accepts(const std::filesystem::path& socket); // is somebody listening there?
std::string read_text(const std::filesystem::path& file);

// From the build: where things are.
std::filesystem::path source_folder();
std::filesystem::path pollster_program();

} // namespace e2e
