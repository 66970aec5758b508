// What the doctor says of this host's accounts and sockets.
#include "tests/fcgi_app/cli/shell.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

// The socket of a server, in a folder of its own. Nobody answers there.
class bound_socket {
public:
    bound_socket()
    {
        std::string pattern = (fs::temp_directory_path() / "pollster-doctor-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("mkdtemp");
        }
        folder_ = pattern;
        fs::permissions(folder_, fs::perms::all); // whoever the server is
        fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path().copy(address.sun_path, sizeof address.sun_path - 1);
        if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error("bind");
        }
    }
    ~bound_socket()
    {
        ::close(fd_);
        fs::remove_all(folder_);
    }
    bound_socket(const bound_socket&) = delete;
    bound_socket& operator=(const bound_socket&) = delete;
    std::string path() const { return (folder_ / "p.sock").string(); }

private:
    fs::path folder_;
    int fd_ = -1;
};

struct examined : pollster::cli::testing::shell {
    std::string report(std::vector<std::string> more)
    {
        more.insert(more.begin(), {"doctor", "--nginx", "-"});
        return type(more, "events { }\n").out;
    }
};

bool has_line(const std::string& report, const std::string& beginning)
{
    return ("\n" + report).find("\n" + beginning) != std::string::npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(doctor_host, examined)

BOOST_AUTO_TEST_CASE(a_socket_that_nginx_may_not_open)
{
    const bound_socket socket;
    const auto told = [&](mode_t mode) {
        BOOST_REQUIRE(::chmod(socket.path().c_str(), mode) == 0);
        return report({"--listen", "unix:" + socket.path(), "--database", "user=x"});
    };
    for (const mode_t closed : {0600, 0640, 0700}) { // to connect one has to be allowed to write
        const auto said = told(closed);
        BOOST_TEST(has_line(said, "socket-mode: " + socket.path() +
                                      " is open to its owner only, not to nginx's workers. To do: "
                                      "SocketMode=0660 and SocketGroup=www-data in the socket "
                                      "unit, or listen = unix:...,mode=0660,group=www-data\n"),
                   said);
    }
    for (const mode_t open : {0660, 0666, 0606}) {
        const auto said = told(open);
        BOOST_TEST(!has_line(said, "socket-mode"), said);
    }
}

BOOST_AUTO_TEST_CASE(users_and_groups_that_cannot_have_the_socket)
{
    const bound_socket socket;
    const std::string listen = "listen = unix:" + socket.path();
    const auto told = [&](const std::string& more) {
        return report({"--listen", "unix:" + socket.path() + more, "--database", "user=x",
                       "--account", "nobody"});
    };
    const auto sound = told("");
    for (const char* word : {"owner", "group", "socket-folder", "log-file", "token-keys"}) {
        BOOST_TEST(!has_line(sound, word), sound);
    }
    const auto user = told(",owner=no_such_user");
    BOOST_TEST(has_line(user, "owner: " + listen +
                                  ": there is no user \"no_such_user\". To do: name one that "
                                  "exists\n"),
               user);
    const auto group = told(",group=no_such_group");
    BOOST_TEST(has_line(group, "group: " + listen +
                                   ": there is no group \"no_such_group\". To do: name the group "
                                   "of nginx's workers"),
               group);
    // Others give it to whatever group they are in.
    const auto foreign = told(",group=root");
    BOOST_TEST(has_line(foreign, "group: " + listen +
                                     ": the account nobody is no member of the group root, so it "
                                     "cannot give the socket to it. To do: usermod --append "
                                     "--groups root nobody\n") == (::geteuid() == 0),
               foreign);
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_used)
{
    const auto told = [&](const std::string& option, const std::string& file) {
        return report({"--listen", "[::1]:1", "--database", "user=x", option, file});
    };
    const auto log = told("--log-file", "/no/such/folder/log");
    BOOST_TEST(has_line(log, "log-file: log_file = /no/such/folder/log: there is no folder "
                             "/no/such/folder"),
               log);
    const auto keys = told("--token-keys", "/no/such/keys.json");
    BOOST_TEST(has_line(keys, "token-keys: token_keys: /no/such/keys.json cannot be read: "), keys);

    const auto file =
        fs::temp_directory_path() / ("pollster-doctor-keys-" + std::to_string(::getpid()));
    std::ofstream(file) << R"({"keys":[{"kty":"oct","kid":"shop","alg":"HS256","k":")"
                        << std::string(43, 'A') << R"("}]})";
    BOOST_TEST_REQUIRE(::chmod(file.c_str(), 0644) == 0);
    const auto open = told("--token-keys", file);
    BOOST_TEST(has_line(open, "token-keys-exposed: token_keys: " + file.string() +
                                  " holds a secret, and its mode lets everybody on this host open "
                                  "it. To do: chmod o= "),
               open);
    BOOST_TEST_REQUIRE(::chmod(file.c_str(), 0640) == 0);
    const auto closed = told("--token-keys", file);
    BOOST_TEST(!has_line(closed, "token-keys"), closed);
    fs::remove(file);
}

// PostgreSQL takes an account for the role of its name, so root becomes it. Others become nobody.
BOOST_AUTO_TEST_CASE(accounts_that_do_not_exist)
{
    const auto told = [&](const std::string& account, const std::string& owner,
                          const std::vector<std::string>& more = {}) {
        std::vector<std::string> words{"--listen",  "[::1]:1", "--database",      "host=/no/such",
                                       "--account", account,   "--account-owner", owner};
        words.insert(words.end(), more.begin(), more.end());
        return report(words);
    };
    const bool root = ::geteuid() == 0;
    BOOST_TEST(!has_line(told("nobody", "nobody"), "account"));
    const auto unit = told("no_such_account", "nobody");
    BOOST_TEST(has_line(unit, "account: there is no account \"no_such_account\" (option account), "
                              "which PostgreSQL would take for the role that serves: install the "
                              "package, or `useradd --system ") == root,
               unit);
    BOOST_TEST(has_line(unit, "account") == root, unit);
    // Only the way from outside needs the owner.
    BOOST_TEST(!has_line(told("nobody", "no_such_owner"), "account"));
    const auto owner = told("nobody", "no_such_owner", {"http://[::1]:1/"});
    BOOST_TEST(has_line(owner, "account: there is no account \"no_such_owner\" (option "
                               "account_owner), which PostgreSQL would take for the role that "
                               "owns the schema") == root,
               owner);
    BOOST_TEST(has_line(owner, "not checked: the way from outside: the database cannot be asked") ==
                   root,
               owner);
}

BOOST_AUTO_TEST_SUITE_END()
