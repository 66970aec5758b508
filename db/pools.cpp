#include "db/pools.hpp"

#include "db/conninfo.hpp"

#include <algorithm>

namespace db {
namespace {

std::size_t connections(const settings& s)
{
    return std::max<std::size_t>(s.connections, 1);
}

std::size_t connections_for_little(const settings& s)
{
    return std::min<std::size_t>(connections(s), 2);
}

std::string name_of(purpose over)
{
    return std::string(purpose_names[static_cast<std::size_t>(over)]);
}

pool_settings for_purpose(const settings& s, const std::string& database, purpose over,
                          std::size_t count, const fibers::fair_limits& of_one)
{
    pool_settings p;
    p.over = over;
    p.conninfo = complete_conninfo(database, {s.statement_timeout, {}, name_of(over)});
    p.connections = count;
    p.limits = of_one;
    p.limits.waiting = s.waiting_jobs;
    p.patience = s.statement_timeout + settings::beyond_statement_timeout;
    return p;
}

// The few tables of the look are read by index, whatever the planner believes about their size.
pool_settings for_delivery(const settings& s, purpose over, const std::string& server_options)
{
    const auto timeout = std::min(s.statement_timeout, settings::longest_look);
    pool_settings p;
    p.over = over;
    p.conninfo = complete_conninfo(s.database, {timeout, server_options, name_of(over)});
    p.limits.waiting = s.waiting_jobs;
    p.patience = timeout + settings::beyond_statement_timeout / 2;
    return p;
}

fibers::fair_limits of_user(const settings& s, std::size_t running)
{
    return {.waiting_of_one = std::max<std::size_t>(s.waiting_of_user, 1),
            .running_of_one = running};
}

pool_settings for_reads(const settings& s, const std::string& database)
{
    const std::size_t n = connections(s);
    return for_purpose(s, database, purpose::reads, n, of_user(s, std::max<std::size_t>(n / 2, 1)));
}

pool_settings little(const settings& s, purpose over)
{
    return for_purpose(s, s.database, over, connections_for_little(s), of_user(s, 1));
}

} // namespace

pools::pools(const settings& s)
    : look(for_delivery(s, purpose::look, "-c enable_seqscan=off"), meters, deadlines)
    , sessions(for_delivery(s, purpose::sessions, {}), meters, deadlines)
    , posts(for_purpose(s, s.database, purpose::posts, connections(s), {}), meters, deadlines)
    , reads(for_reads(s, s.database), meters, deadlines)
    , changes(little(s, purpose::changes), meters, deadlines)
    , sign_ins(little(s, purpose::sign_ins), meters, deadlines)
{
    meters.warn = s.warn;
    meters.first_plans_last = s.first_plans_last;
    if (!s.database_read.empty()) {
        replica = std::make_unique<pool>(for_reads(s, s.database_read), meters, deadlines);
    }
}

std::size_t pools::waiting() const
{
    std::size_t all = replica ? replica->waiting() : 0;
    for (const pool* p : {&look, &sessions, &posts, &reads, &changes, &sign_ins}) {
        all += p->waiting();
    }
    return all;
}

} // namespace db
