// One connection to PostgreSQL and what can go wrong on it. Internal to db/. One thread at a time
// uses a connection; it connects when it is first needed, and again after it broke.
#pragma once

#include "db/call_times.hpp"
#include "db/circuit_breaker.hpp"
#include "db/deadlines.hpp"
#include "db/exceptions.hpp"

#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/result>

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

namespace db {

// The processes of PostgreSQL that serve the connections of a database. Any thread.
class backends {
public:
    void add(int pid);
    void remove(int pid);
    bool contains(int pid) const;

private:
    mutable std::mutex mutex_;
    std::vector<int> pids_; // a handful
};

// What the connections of a database share; each of them counts here.
struct meters {
    backends own;
    std::atomic<std::uint64_t> statements{0};
    std::atomic<std::uint64_t> connects{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::uint64_t> given_up{0}; // connections, at a deadline
    // Statements that were repeated because of a row that cannot be read, and PostgreSQL's message
    // about the last of them.
    std::atomic<std::uint64_t> unreadable{0};
    // Until one of them meets a pooler that gives each transaction another connection.
    std::atomic<bool> prepares{true};
    // connection::forget_old_plans(); set before any connects.
    std::chrono::seconds first_plans_last{10};
    call_clock times;
    mutable std::mutex mutex;
    std::string unreadable_why;                                               // under `mutex`
    std::function<void(const std::string&)> warn = [](const std::string&) {}; // settings::warn
};

// How long each statement of a connection may wait for its answer.
struct patience {
    deadlines& all;
    std::chrono::milliseconds each;
};

class connection {
public:
    // `conninfo` is complete (db/conninfo.hpp). Without patience a statement waits for ever, as the
    // command line does.
    connection(std::string conninfo, circuit_breaker& database, meters& m,
               std::optional<patience> p = {});
    ~connection() { drop(); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

// libpqxx 7.10 has other names for exec_params and exec_prepared, which 7.7 (Debian 12) lacks.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    // One statement, in a transaction of its own unless the statement is part of one that was begun
    // by exec("begin"). Connects first if necessary. Throws connection_lost, db_exception, or what
    // pqxx throws for a failed statement.
    template <class... Parameters>
    pqxx::result exec(const char* sql, const Parameters&... parameters)
    {
        auto& c = connected();
        ++meters_.statements;
        return guarded([&] {
            pqxx::nontransaction now(c);
            if constexpr (sizeof...(Parameters) == 0) {
                return now.exec(std::string(sql)); // may hold several commands, as migrations do
            } else {
                return now.exec_params(sql, parameters...);
            }
        });
    }

    // The same, for the statements that a server sends again and again: PostgreSQL parses them once
    // a connection, and plans them a few times only, unless it takes its plan for any values to be
    // dearer (its manual, PREPARE). That is most of what they cost it: bench/reads. Not within
    // exec("begin"): a statement that the server does not know any more is sent again, as by
    // exec().
    template <class... Parameters>
    pqxx::result exec_prepared(const std::string& sql, const Parameters&... parameters)
    {
        if (!meters_.prepares) {
            return exec(sql.c_str(), parameters...);
        }
        forget_old_plans(std::chrono::steady_clock::now());
        auto& c = connected();
        const std::string name = prepared_name(sql);
        try {
            ++meters_.statements;
            return guarded([&] {
                if (!prepared_.contains(name)) {
                    c.prepare(name, sql);
                    prepared_.insert(name);
                }
                pqxx::nontransaction now(c);
                return now.exec_prepared(name, parameters...);
            });
        } catch (const pqxx::sql_error& e) {
            if (!is_about_preparing(e, name)) {
                throw;
            }
        }
        return exec(sql.c_str(), parameters...);
    }
#pragma GCC diagnostic pop

    pqxx::connection& connected();
    // Plans know how large the tables were when they were made. PostgreSQL makes them anew when a
    // table has been analyzed, and who switches autovacuum off would keep those of an empty
    // database. So all of a connection are thrown away (DISCARD PLANS) when it is 10 s old
    // (meters::first_plans_last), when its age has doubled, and at last every 10 minutes. Nobody is
    // told that this failed: what the connection is to do is sent next, and finds out.
    void forget_old_plans(std::chrono::steady_clock::time_point now);
    // For work on connected() itself, of a connection with patience: the connection is broken at
    // the deadline, as long as this object lives.
    deadlines::call call_in_time()
    {
        return deadlines::call(patience_->all, socket_, patience_->each);
    }
    void note_unreadable(const std::exception& e);
    void drop() noexcept;
    bool is_open() const { return connection_ != nullptr; } // as far as is known
    // Which connection this is, counted from 1; 0: none yet.
    std::uint64_t generation() const { return generation_; }

private:
    bool idle_connection_died() const;
    walls::db_error why_not_connected(const std::exception& e);
    std::unique_ptr<pqxx::connection> connect();
    std::unique_ptr<pqxx::connection> connect(const std::string& conninfo);
    void prepare(pqxx::connection& fresh);
    // By the text: where a pooler mixes the connections of two versions, two texts are two names.
    static std::string prepared_name(const std::string& sql);
    // Then nothing was done, and the statement may be sent without a name.
    bool is_about_preparing(const pqxx::sql_error& e, const std::string& name);

    template <class Statement>
    auto guarded(Statement statement) -> std::invoke_result_t<Statement>
    {
        std::optional<deadlines::call> under_way;
        if (patience_) {
            under_way.emplace(patience_->all, socket_, patience_->each);
        }
        try {
            return statement();
        } catch (const std::exception& e) {
            if (under_way && under_way->given_up()) {
                under_way.reset(); // before the socket is closed
                give_up();
            }
            const bool broken = dynamic_cast<const pqxx::broken_connection*>(&e) != nullptr;
            // An error without an answer from the server: libpqxx may call it by another name.
            if (broken || !connection_->is_open()) {
                under_way.reset();
                drop();
                throw connection_lost(e.what());
            }
            throw;
        }
    }
    [[noreturn]] void give_up();

    const std::string conninfo_;
    int server_version_ = 0; // of the last one that was reached; 0: none yet
    circuit_breaker& database_;
    meters& meters_;
    const std::optional<patience> patience_;
    std::unique_ptr<pqxx::connection> connection_;
    int socket_ = -1; // a duplicate of the connection's, for deadlines
    std::uint64_t generation_ = 0;
    std::set<std::string> prepared_; // names, on this connection
    std::chrono::steady_clock::time_point connected_at_;
    std::chrono::steady_clock::time_point plans_until_;
    std::string refused_with_; // words of the last attempt that the server refused, and their code
    std::string refused_state_;
};

} // namespace db
