#include "db/misconfigured.hpp"

#include "text/trimmed.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <memory>

namespace db {

std::string_view advice_on_connecting(std::string_view sqlstate)
{
    struct rule {
        std::string_view prefix;
        std::string_view advice;
    };
    // The first that fits counts.
    static constexpr std::array rules{
        rule{"28P01", "PostgreSQL does not take the password of this role, mend the option "
                      "database or the role"},
        rule{"28", "PostgreSQL does not let this role in: `pollster setup` makes the role, "
                   "pg_hba.conf says who may "
                   "connect, and how"},
        rule{"3D000", "PostgreSQL has no such database: `pollster setup` makes it, or mend the "
                      "option database"},
        rule{"42501", "this role may not use this database: `pollster setup` grants what it needs"},
        rule{"55000",
             "this database is closed to connections (alter database … allow_connections)"},
        // A server setting in the connection string that is unknown, or has no such value.
        rule{"42", "PostgreSQL does not take what the option database says"},
        rule{"22", "PostgreSQL does not take what the option database says"},
    };
    for (const auto& r : rules) {
        if (sqlstate.starts_with(r.prefix)) {
            return r.advice;
        }
    }
    return {};
}

std::string sqlstate_in(std::string_view message)
{
    constexpr std::size_t length = 5;
    const auto in_code = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    std::string found;
    while (!message.empty()) {
        const auto line = text::trimmed(message.substr(0, message.find('\n')));
        message.remove_prefix(std::min(message.find('\n'), message.size() - 1) + 1);
        const auto colon = line.rfind(":  ");
        if (colon == std::string_view::npos) {
            continue;
        }
        const auto code = text::trimmed(line.substr(colon + 1));
        if (code.size() == length && std::all_of(code.begin(), code.end(), in_code)) {
            found = code;
        }
    }
    return found;
}

std::string sqlstate_of_refusal(const std::string& conninfo, std::chrono::milliseconds patience)
{
    using clock = std::chrono::steady_clock;
    const auto deadline = clock::now() + patience;
    const std::unique_ptr<PGconn, decltype(&PQfinish)> attempt(PQconnectStart(conninfo.c_str()),
                                                               &PQfinish);
    if (!attempt || PQstatus(attempt.get()) == CONNECTION_BAD) {
        return {};
    }
    PQsetErrorVerbosity(attempt.get(), PQERRORS_SQLSTATE);
    auto next = PGRES_POLLING_WRITING; // as libpq's manual wants it
    while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
        const short event = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        pollfd p{PQsocket(attempt.get()), event, 0};
        if (left.count() <= 0 || p.fd < 0 || ::poll(&p, 1, static_cast<int>(left.count())) <= 0) {
            return {};
        }
        next = PQconnectPoll(attempt.get());
    }
    if (next == PGRES_POLLING_OK) {
        return {};
    }
    if (PQconnectionNeedsPassword(attempt.get()) != 0) { // libpq's own words, without a code
        return "28P01";
    }
    return sqlstate_in(PQerrorMessage(attempt.get()));
}

} // namespace db
