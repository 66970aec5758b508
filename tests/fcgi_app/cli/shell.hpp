// Types commands into the program without a process or a database: streams in memory, and an
// administrator that notes what it is asked to do.
#pragma once

#include "fcgi_app/cli/command.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace pollster::cli::testing {

// What the administrators of a shell answer, and what they were asked.
struct fake_database {
    std::vector<std::string> asked;       // "add_user ann 12345678"
    std::string refusal;                  // of every call; empty: none
    std::string no_connection;            // why connect() fails; empty: it does not
    std::optional<db::settings> settings; // of the last connection
    std::vector<db::user_row> users;
    std::vector<db::wall_row> walls;
    std::vector<db::session_row> sessions;
    std::vector<db::demo_user> demo;
    std::vector<db::repaired_wall> repaired;
    std::vector<std::string> findings;
    std::vector<db::advice> advices;
    db::adoption adoption;
    std::size_t changed = 0; // memberships, sessions
};

class fake_administrator final : public db::administrator {
public:
    explicit fake_administrator(fake_database& d)
        : d_(d)
    {
    }

    db::outcome<walls::user_id> add_user(const std::string& name,
                                         const std::string& password) override
    {
        return answer("add_user " + name + " " + password, walls::user_id{7});
    }
    db::outcome<void> set_password(const std::string& name, const std::string& password) override
    {
        return answer("set_password " + name + " " + password);
    }
    db::outcome<void> disable_user(const std::string& name) override
    {
        return answer("disable_user " + name);
    }
    db::outcome<void> enable_user(const std::string& name) override
    {
        return answer("enable_user " + name);
    }
    db::outcome<std::vector<db::user_row>> list_users() override
    {
        return answer("list_users", d_.users);
    }
    db::outcome<walls::wall_id> add_wall(const std::string& name, const std::string& kind) override
    {
        return answer("add_wall " + name + " " + kind, walls::wall_id{17});
    }
    db::outcome<void> rename_wall(const std::string& wall, const std::string& new_name) override
    {
        return answer("rename_wall " + wall + " " + new_name);
    }
    db::outcome<void> remove_wall(const std::string& wall) override
    {
        return answer("remove_wall " + wall);
    }
    db::outcome<void> open_wall(const std::string& wall, bool open) override
    {
        return answer("open_wall " + wall + (open ? " open" : " closed"));
    }
    db::outcome<std::vector<db::wall_row>> list_walls() override
    {
        return answer("list_walls", d_.walls);
    }
    db::outcome<std::size_t> grant(const std::string& wall,
                                   const std::vector<std::string>& users) override
    {
        return answer("grant " + wall + all(users), d_.changed);
    }
    db::outcome<std::size_t> revoke(const std::string& wall,
                                    const std::vector<std::string>& users) override
    {
        return answer("revoke " + wall + all(users), d_.changed);
    }
    db::outcome<std::vector<std::string>> create_sessions(const std::string& user,
                                                          std::size_t count,
                                                          std::chrono::seconds lifetime) override
    {
        return answer("create_sessions " + user + " " + std::to_string(count) + " " +
                          std::to_string(lifetime.count()),
                      std::vector<std::string>(count, "token"));
    }
    db::outcome<std::vector<db::session_row>> list_sessions(const std::string& user) override
    {
        return answer("list_sessions " + user, d_.sessions);
    }
    db::outcome<void> revoke_session(const std::string& session) override
    {
        return answer("revoke_session " + session);
    }
    db::outcome<std::size_t> revoke_sessions_of(const std::string& user) override
    {
        return answer("revoke_sessions_of " + user, d_.changed);
    }
    db::outcome<void> restored() override { return answer("restored"); }
    db::outcome<std::size_t>
    repair(const std::function<void(const db::repaired_wall&)>& tell) override
    {
        for (const auto& w : d_.repaired) {
            tell(w);
        }
        return answer("repair", d_.repaired.size());
    }
    db::outcome<std::vector<std::string>> check() override { return answer("check", d_.findings); }
    db::outcome<std::vector<db::advice>> advise(std::size_t connections) override
    {
        return answer("advise " + std::to_string(connections), d_.advices);
    }
    db::outcome<db::adoption> adopt(bool drafts) override
    {
        return answer(drafts ? "adopt draft" : "adopt", d_.adoption);
    }
    db::outcome<db::visitor> add_visitor() override { return answer("add_visitor", db::visitor{}); }
    db::outcome<void> post_as(const db::visitor&, const std::string& body) override
    {
        return answer("post_as " + body);
    }
    db::outcome<void> remove_visitor(const db::visitor&) override
    {
        return answer("remove_visitor");
    }
    db::outcome<std::vector<db::demo_user>> load_demo() override
    {
        return answer("load_demo", d_.demo);
    }

private:
    static std::string all(const std::vector<std::string>& users)
    {
        std::string out;
        for (const auto& u : users) {
            out += " " + u;
        }
        return out;
    }
    template <class T>
    db::outcome<T> answer(std::string question, const T& value)
    {
        d_.asked.push_back(std::move(question));
        return d_.refusal.empty() ? db::outcome<T>(boost::system::in_place_value, value)
                                  : db::outcome<T>(db::refusal{d_.refusal});
    }
    db::outcome<void> answer(std::string question)
    {
        d_.asked.push_back(std::move(question));
        return d_.refusal.empty() ? db::outcome<void>()
                                  : db::outcome<void>(db::refusal{d_.refusal});
    }

    fake_database& d_;
};

struct typed { // a command that has ended
    int code = -1;
    std::string out;
    std::string err;
};

class shell {
public:
    fake_database database;
    // No file of this machine is read.
    std::vector<std::pair<std::string, std::string>> environment{{"POLLSTER_CONFIG", "/dev/null"}};
    std::function<db::outcome<db::migrated>(const db::settings&,
                                            const std::function<void(const std::string&)>&)>
        migrate = [](const db::settings&, const auto&) -> db::outcome<db::migrated> {
        return db::migrated{1, 2};
    };
    std::vector<config> served;       // by serve()
    std::vector<config> served_again; // what it would serve after a SIGHUP
    int serve_ends_with = 0;
    std::function<std::optional<std::string>(const config&, acts_as)> become; // none: it stays

    typed type(const std::vector<std::string>& words, const std::string& input = {})
    {
        std::istringstream in(input);
        std::ostringstream out;
        std::ostringstream err;
        const context with{
            in,
            out,
            err,
            false,
            environment,
            [this](const db::settings& s) -> db::outcome<std::unique_ptr<db::administrator>> {
                database.settings = s;
                if (!database.no_connection.empty()) {
                    return db::refusal{database.no_connection};
                }
                return std::unique_ptr<db::administrator>(
                    std::make_unique<fake_administrator>(database));
            },
            migrate,
            [this](const loaded& given, const std::function<loaded()>& read_again) {
                served_again.push_back(read_again().settings);
                served.push_back(given.settings);
                return serve_ends_with;
            },
            become};
        typed t;
        t.code = cli::main(with, words);
        t.out = out.str();
        t.err = err.str();
        return t;
    }

    // Done, without a complaint; what it printed.
    std::string output(const std::vector<std::string>& words, const std::string& input = {})
    {
        const auto t = type(words, input);
        BOOST_TEST(t.code == done);
        BOOST_TEST(t.err == "");
        return t.out;
    }
    // Misused: the complaint is `sentence`, and the database was not asked anything.
    void misuse(const std::vector<std::string>& words, const std::string& sentence)
    {
        const auto before = database.asked.size();
        const auto t = type(words);
        BOOST_TEST(t.code == misused);
        BOOST_TEST(t.out == "");
        BOOST_TEST(t.err == "pollster: " + sentence + "\n");
        BOOST_TEST(database.asked.size() == before);
    }
    // What the database refuses is one line on standard error, and exit code 1.
    void refusal_is_told(const std::vector<std::string>& words, const std::string& input = {})
    {
        for (std::string* why : {&database.refusal, &database.no_connection}) {
            *why = "There is no such thing.";
            const auto t = type(words, input);
            BOOST_TEST(t.code == failed);
            BOOST_TEST(t.err == "pollster: There is no such thing.\n");
            why->clear();
        }
    }
    const std::string& last_asked() const
    {
        BOOST_REQUIRE(!database.asked.empty());
        return database.asked.back();
    }
};

} // namespace pollster::cli::testing
