#include "db/session_settings.hpp"

#include "db/link.hpp"

#include <pqxx/nontransaction>

#include <string>
#include <string_view>

namespace db {
namespace {

// First what could end this very statement. No query among them, which might wait for a snapshot
// (serializable, read only, deferrable).
std::string settings_for(int server_version)
{
    std::string sql;
    if (server_version >= 170000) {
        sql += "set transaction_timeout = 0; ";
    }
    sql +=
        // The functions of the schema expect each of their statements to see what was committed
        // before it.
        "set default_transaction_isolation = 'read committed'; "
        "set default_transaction_deferrable = off; "
        // No function, operator or table of anybody else's is taken for PostgreSQL's own.
        "set search_path = pg_catalog, pg_temp; "
        // How literals are read and values are printed. UTC: it is also what a timestamp without a
        // zone is taken for.
        "set standard_conforming_strings = on; "
        "set timezone = 'UTC'; "
        "set datestyle = 'ISO, YMD'; "
        "set intervalstyle = 'postgres'; "
        "set bytea_output = 'hex'; "
        "set array_nulls = on; "
        "set extra_float_digits = 1; "
        "set quote_all_identifiers = off; "
        "set transform_null_equals = off; "
        // Row security filters; off, it fails.
        "set row_security = on; "
        // A search that finds some of the matches.
        "set gin_fuzzy_search_limit = 0; "
        // An error is an answer, not the end of the session.
        "set exit_on_error = off; "
        // The plans of one-shot statements know their parameters.
        "set plan_cache_mode = auto; ";
    // 'view' would forbid the contract.
    if (server_version >= 170000 || (server_version >= 160004 && server_version < 170000) ||
        (server_version >= 150008 && server_version < 160000)) {
        sql += "set restrict_nonsystem_relation_kind = ''; ";
    }
    return sql;
}

} // namespace

void set_session(pqxx::connection& c)
{
    pqxx::nontransaction now(c);
    // What is acknowledged is on the disk, as far as the operator's own wish does not go further.
    const auto commit = now.exec(settings_for(c.server_version()) + "show synchronous_commit");
    if (commit[0][0].c_str() == std::string_view("off")) {
        now.exec("set synchronous_commit = on");
    }
    const auto r = now.exec("show session_replication_role");
    if (r[0][0].c_str() != std::string_view("replica")) {
        return;
    }
    // Only a superuser may set it, and whom one allowed to.
    try {
        now.exec("set session_replication_role = origin");
    } catch (const pqxx::sql_error&) {
        const std::string role = c.username();
        throw trouble_found({walls::trouble_kind::unavailable,
                             "session_replication_role is replica for the role " + role +
                                 ", which keeps the triggers of the feed from firing: run "
                                 "`alter role " +
                                 role + " reset session_replication_role` (or where it is set)"});
    }
}

} // namespace db
