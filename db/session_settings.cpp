#include "db/session_settings.hpp"

#include "db/exceptions.hpp"

#include <pqxx/nontransaction>

#include <algorithm>
#include <iterator>
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
        // The plans of one-shot statements know their parameters; those of prepared ones are kept.
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
        throw db_exception({walls::db_error_kind::unavailable,
                            "session_replication_role is replica for the role " + role +
                                ", which keeps the triggers of the feed from firing: run "
                                "`alter role " +
                                role + " reset session_replication_role` (or where it is set)"});
    }
}

bool is_known_setting(std::string_view name)
{
    static constexpr std::string_view known[] = {
        "application_name",
        "array_nulls",
        "auto_explain.log_analyze",
        "auto_explain.log_min_duration",
        "auto_explain.log_nested_statements",
        "backend_flush_after",
        "backslash_quote",
        "bytea_output",
        "check_function_bodies",
        "client_connection_check_interval",
        "client_encoding",
        "client_min_messages",
        "commit_delay",
        "commit_siblings",
        "constraint_exclusion",
        "cpu_index_tuple_cost",
        "cpu_operator_cost",
        "cpu_tuple_cost",
        "cursor_tuple_fraction",
        "datestyle",
        "deadlock_timeout",
        "debug_pretty_print",
        "debug_print_parse",
        "debug_print_plan",
        "default_statistics_target",
        "default_tablespace",
        "default_text_search_config",
        "default_toast_compression",
        "default_transaction_deferrable",
        "default_transaction_isolation",
        "default_transaction_read_only",
        "effective_cache_size",
        "effective_io_concurrency",
        "enable_async_append",
        "enable_bitmapscan",
        "enable_gathermerge",
        "enable_group_by_reordering",
        "enable_hashagg",
        "enable_hashjoin",
        "enable_incremental_sort",
        "enable_indexonlyscan",
        "enable_indexscan",
        "enable_material",
        "enable_memoize",
        "enable_mergejoin",
        "enable_nestloop",
        "enable_parallel_append",
        "enable_parallel_hash",
        "enable_partition_pruning",
        "enable_partitionwise_aggregate",
        "enable_partitionwise_join",
        "enable_presorted_aggregate",
        "enable_self_join_elimination",
        "enable_seqscan",
        "enable_sort",
        "enable_tidscan",
        "escape_string_warning",
        "exit_on_error",
        "extra_float_digits",
        "from_collapse_limit",
        "geqo",
        "geqo_effort",
        "geqo_generations",
        "geqo_pool_size",
        "geqo_seed",
        "geqo_selection_bias",
        "geqo_threshold",
        "gin_fuzzy_search_limit",
        "gin_pending_list_limit",
        "hash_mem_multiplier",
        "icu_validation_level",
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
        "intervalstyle",
        "io_combine_limit",
        "jit",
        "jit_above_cost",
        "jit_inline_above_cost",
        "jit_optimize_above_cost",
        "join_collapse_limit",
        "lc_messages",
        "lc_monetary",
        "lc_numeric",
        "lc_time",
        "lo_compat_privileges",
        "lock_timeout",
        "log_autovacuum_min_duration",
        "log_duration",
        "log_error_verbosity",
        "log_executor_stats",
        "log_lock_waits",
        "log_min_duration_sample",
        "log_min_duration_statement",
        "log_min_error_statement",
        "log_min_messages",
        "log_parameter_max_length",
        "log_parameter_max_length_on_error",
        "log_parser_stats",
        "log_planner_stats",
        "log_replication_commands",
        "log_statement",
        "log_statement_sample_rate",
        "log_statement_stats",
        "log_temp_files",
        "log_transaction_sample_rate",
        "logical_decoding_work_mem",
        "maintenance_io_concurrency",
        "maintenance_work_mem",
        "max_parallel_maintenance_workers",
        "max_parallel_workers",
        "max_parallel_workers_per_gather",
        "min_parallel_index_scan_size",
        "min_parallel_table_scan_size",
        "parallel_leader_participation",
        "parallel_setup_cost",
        "parallel_tuple_cost",
        "password_encryption",
        "pg_stat_statements.track",
        "pg_stat_statements.track_planning",
        "pg_stat_statements.track_utility",
        "plan_cache_mode",
        "pollster.collecting",
        "pollster.notify",
        "quote_all_identifiers",
        "random_page_cost",
        "recursive_worktable_factor",
        "restrict_nonsystem_relation_kind",
        "role",
        "row_security",
        "search_path",
        "seq_page_cost",
        "session_replication_role",
        "standard_conforming_strings",
        "statement_timeout",
        "stats_fetch_consistency",
        "synchronize_seqscans",
        "synchronous_commit",
        "timezone",
        "timezone_abbreviations",
        "track_activities",
        "track_cost_delay_timing",
        "track_counts",
        "track_functions",
        "track_io_timing",
        "track_wal_io_timing",
        "transaction_timeout",
        "transform_null_equals",
        "update_process_title",
        "vacuum_buffer_usage_limit",
        "vacuum_cost_delay",
        "vacuum_cost_limit",
        "vacuum_cost_page_dirty",
        "vacuum_cost_page_hit",
        "vacuum_cost_page_miss",
        "wal_compression",
        "work_mem",
        "xmlbinary",
        "xmloption",
    };
    return std::find(std::begin(known), std::end(known), name) != std::end(known);
}

std::string about_encoding(const std::string& encoding)
{
    if (encoding == "SQL_ASCII") {
        return "the encoding of the database is SQL_ASCII, so a text in it may be no UTF-8: copy "
               "it "
               "into a database with encoding UTF8";
    }
    return "the encoding of the database is " + encoding +
           ": a text with characters that it does not have is refused; UTF8 has them all";
}

} // namespace db
