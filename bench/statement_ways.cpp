#include "bench/statement_ways.hpp"

#include "db/pool.hpp"
#include "fibers/sleeper.hpp"

#include <libpq-fe.h>
#include <pqxx/prepared_statement>
#include <sys/ioctl.h>

#include <deque>
#include <optional>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

class worker_way final : public way {
public:
    worker_way(const std::string& conninfo, std::size_t connections)
        : pool_({.over = db::purpose::posts,
                 .conninfo = conninfo,
                 .connections = connections,
                 .limits = {},
                 .patience = std::chrono::seconds(6)},
                meters_, deadlines_)
    {
    }

    void run(const job& j) override
    {
        const auto done = pool_.write(db::call::posts, fibers::nobody, [&](db::connection& conn) {
            j([&](const statement& s, const parameters& p) { return ask_on(conn, s, p); });
            return true;
        });
        if (!done) {
            throw std::runtime_error(done.error().why);
        }
    }

private:
    static answer ask_on(db::connection& conn, const statement& s, const parameters& p)
    {
        const auto rows = conn.exec_prepared(s.sql, pqxx::prepare::make_dynamic_params(p));
        answer a;
        a.rows = static_cast<int>(rows.size());
        if (!rows.empty()) {
            for (const auto& field : rows[0]) {
                a.first.emplace_back(field.c_str());
            }
        }
        return a;
    }

    db::meters meters_;
    db::deadlines deadlines_;
    db::pool pool_;
};

using result = std::unique_ptr<PGresult, decltype(&PQclear)>;

answer read(const PGresult* r)
{
    if (PQresultStatus(r) != PGRES_TUPLES_OK) {
        throw std::runtime_error(PQresultErrorMessage(r));
    }
    answer a;
    a.rows = PQntuples(r);
    for (int i = 0; a.rows > 0 && i < PQnfields(r); ++i) {
        a.first.emplace_back(PQgetvalue(r, 0, i));
    }
    return a;
}

// What both ways in the loop have in common.
class connection : public fibers::watcher {
public:
    connection(fibers::reactor& loop, const std::string& conninfo,
               const std::vector<statement>& statements)
        : loop_(loop)
        , db_(PQconnectdb(conninfo.c_str()), &PQfinish)
    {
        require(PQstatus(db()) == CONNECTION_OK);
        for (const statement& s : statements) {
            const result made(PQprepare(db(), s.name.c_str(), s.sql.c_str(), 0, nullptr), &PQclear);
            require(PQresultStatus(made.get()) == PGRES_COMMAND_OK);
        }
        require(PQsetnonblocking(db(), 1) == 0);
        require(loop_.watch_input(PQsocket(db()), *this));
    }
    ~connection() override { loop_.forget(PQsocket(db()), *this); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

protected:
    PGconn* db() const { return db_.get(); }
    void require(bool holds) const
    {
        if (!holds) {
            throw std::runtime_error(PQerrorMessage(db()));
        }
    }
    void send(const statement& s, const parameters& p)
    {
        std::vector<const char*> values;
        for (const std::string& one : p) {
            values.push_back(one.c_str());
        }
        require(PQsendQueryPrepared(db(), s.name.c_str(), static_cast<int>(values.size()),
                                    values.data(), nullptr, nullptr, 0) == 1);
    }
    // Many statements in one pipeline may find no room in the socket.
    void flush()
    {
        const int left = PQflush(db());
        require(left >= 0);
        unsent_ = left > 0;
        if (unsent_ && !std::exchange(watches_output_, true)) {
            require(loop_.watch_output(PQsocket(db()), *this));
        }
    }
    void flush_rest()
    {
        if (unsent_) {
            flush();
        }
    }
    // The reactor is edge-triggered, and libpq does not read until there is nothing left.
    bool more_to_read() const
    {
        int bytes = 0;
        return ioctl(PQsocket(db()), FIONREAD, &bytes) == 0 && bytes > 0;
    }

private:
    fibers::reactor& loop_;
    std::unique_ptr<PGconn, decltype(&PQfinish)> db_;
    bool unsent_ = false;
    bool watches_output_ = false;
};

class lone_connection final : public connection {
public:
    using connection::connection;

    answer ask_one(const statement& s, const parameters& p)
    {
        send(s, p);
        flush();
        std::optional<answer> a;
        for (;;) {
            read_until_free();
            const result r(PQgetResult(db()), &PQclear);
            if (!r) {
                return std::move(a).value();
            }
            a = read(r.get());
        }
    }

private:
    void on_ready(std::uint32_t /*events*/) override { edge_.wake(); }
    void read_until_free()
    {
        while (PQisBusy(db()) != 0) {
            edge_.sleep();
            flush_rest();
            do {
                require(PQconsumeInput(db()) == 1);
            } while (PQisBusy(db()) != 0 && more_to_read());
        }
    }

    fibers::sleeper edge_;
};

class loop_way final : public way {
public:
    loop_way(fibers::reactor& loop, const std::string& conninfo, std::size_t connections,
             const std::vector<statement>& statements)
    {
        for (std::size_t i = 0; i < connections; ++i) {
            free_.push_back(&all_.emplace_back(loop, conninfo, statements));
        }
    }

    void run(const job& j) override
    {
        lone_connection* mine = nullptr;
        if (free_.empty()) {
            waiting w;
            queue_.push_back(&w);
            w.turn.sleep();
            mine = w.given;
        } else {
            mine = free_.back();
            free_.pop_back();
        }
        j([&](const statement& s, const parameters& p) { return mine->ask_one(s, p); });
        if (queue_.empty()) {
            free_.push_back(mine);
        } else {
            waiting* const next = queue_.front();
            queue_.pop_front();
            next->given = mine;
            next->turn.wake();
        }
    }

private:
    struct waiting {
        lone_connection* given = nullptr;
        fibers::sleeper turn;
    };

    std::deque<lone_connection> all_;
    std::vector<lone_connection*> free_;
    std::deque<waiting*> queue_;
};

class pipeline final : public connection, public way {
public:
    pipeline(fibers::reactor& loop, const std::string& conninfo,
             const std::vector<statement>& statements)
        : connection(loop, conninfo, statements)
    {
        require(PQenterPipelineMode(db()) == 1);
    }

    void run(const job& j) override
    {
        j([this](const statement& s, const parameters& p) { return ask_one(s, p); });
    }

private:
    struct waiting {
        answer told;
        fibers::sleeper turn;
    };

    answer ask_one(const statement& s, const parameters& p)
    {
        send(s, p);
        require(PQpipelineSync(db()) == 1); // flushes, too
        flush();
        waiting w;
        queue_.push_back(&w);
        w.turn.sleep();
        return std::move(w.told);
    }

    void on_ready(std::uint32_t /*events*/) override
    {
        flush_rest();
        do {
            require(PQconsumeInput(db()) == 1);
            while (!queue_.empty() && PQisBusy(db()) == 0) {
                const result r(PQgetResult(db()), &PQclear);
                if (!r) { // between a statement and its sync
                    continue;
                }
                if (PQresultStatus(r.get()) == PGRES_PIPELINE_SYNC) {
                    queue_.front()->turn.wake();
                    queue_.pop_front();
                } else {
                    queue_.front()->told = read(r.get());
                }
            }
        } while (!queue_.empty() && more_to_read());
    }

    std::deque<waiting*> queue_; // in the order of their statements
};

} // namespace

std::unique_ptr<way> on_worker_threads(const std::string& conninfo, std::size_t connections)
{
    return std::make_unique<worker_way>(conninfo, connections);
}

std::unique_ptr<way> in_the_loop(fibers::reactor& loop, const std::string& conninfo,
                                 std::size_t connections, const std::vector<statement>& statements)
{
    return std::make_unique<loop_way>(loop, conninfo, connections, statements);
}

std::unique_ptr<way> in_a_pipeline(fibers::reactor& loop, const std::string& conninfo,
                                   const std::vector<statement>& statements)
{
    return std::make_unique<pipeline>(loop, conninfo, statements);
}

} // namespace bench
