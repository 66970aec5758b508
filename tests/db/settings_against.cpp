#include "tests/db/settings_against.hpp"

#include <cstdlib>
#include <string_view>

bool settings_are_against()
{
    const char* asked = std::getenv("POLLSTER_TEST_SETTINGS");
    return asked != nullptr && asked == std::string_view("against");
}

const std::vector<against>& settings_against()
{
    // Not here: default_transaction_read_only, by which operators keep writers out, and `role`
    // (errors_pgtest and settings_pgtest have those).
    static const std::vector<against> all{
        {"array_nulls", "off"},
        {"backslash_quote", "off"},
        {"bytea_output", "escape"},
        {"check_function_bodies", "off"},
        {"client_connection_check_interval", "'1ms'"},
        {"client_encoding", "latin1"},
        {"client_min_messages", "debug1"},
        {"constraint_exclusion", "on"},
        {"cursor_tuple_fraction", "1"},
        {"datestyle", "'SQL, DMY'"},
        {"default_statistics_target", "1"},
        {"default_tablespace", "nowhere"},
        {"default_text_search_config", "'pg_catalog.german'"},
        {"default_transaction_deferrable", "on"},
        {"default_transaction_isolation", "serializable"},
        {"enable_bitmapscan", "off"},
        {"enable_hashagg", "off"},
        {"enable_hashjoin", "off"},
        {"enable_incremental_sort", "off"},
        {"enable_indexonlyscan", "off"},
        {"enable_indexscan", "off"},
        {"enable_material", "off"},
        {"enable_memoize", "off"},
        {"enable_mergejoin", "off"},
        {"enable_nestloop", "off"},
        {"enable_sort", "off"},
        {"escape_string_warning", "on"},
        {"exit_on_error", "on"},
        {"extra_float_digits", "'-15'"},
        {"from_collapse_limit", "1"},
        {"geqo_threshold", "2"},
        {"gin_fuzzy_search_limit", "1"},
        {"idle_in_transaction_session_timeout", "'1ms'"},
        {"idle_session_timeout", "'1ms'"},
        {"intervalstyle", "sql_standard"},
        {"jit", "on"},
        {"jit_above_cost", "0"},
        {"join_collapse_limit", "1"},
        {"lc_messages", "'de_DE.UTF-8'"},
        {"lc_monetary", "'de_DE.UTF-8'"},
        {"lc_numeric", "'de_DE.UTF-8'"},
        {"lc_time", "'de_DE.UTF-8'"},
        {"lock_timeout", "'1ms'"},
        {"lo_compat_privileges", "on"},
        {"parallel_leader_participation", "off"},
        {"password_encryption", "md5"},
        {"plan_cache_mode", "force_generic_plan"},
        {"quote_all_identifiers", "on"},
        {"restrict_nonsystem_relation_kind", "view"},
        {"row_security", "off"},
        {"search_path", "hostile, pg_catalog, public"},
        {"session_replication_role", "replica"},
        {"standard_conforming_strings", "off"},
        {"statement_timeout", "'1ms'"},
        {"stats_fetch_consistency", "snapshot"},
        {"synchronize_seqscans", "on"},
        {"synchronous_commit", "off"},
        {"timezone", "'Pacific/Chatham'"},
        {"timezone_abbreviations", "'India'"},
        {"transaction_timeout", "'1ms'"},
        {"transform_null_equals", "on"},
        {"work_mem", "'64kB'"},
        {"xmlbinary", "hex"},
        {"xmloption", "document"},
    };
    return all;
}

const std::string& hostile_schema()
{
    static const std::string sql = [] {
        std::string s = "create schema hostile; grant usage on schema hostile to public;";
        // Arguments and type of result; the body fails.
        for (const auto& [arguments, result] : std::vector<std::pair<std::string, std::string>>{
                 {"now()", "timestamptz"},
                 {"clock_timestamp()", "timestamptz"},
                 {"sha256(bytea)", "bytea"},
                 {"convert_to(text, name)", "bytea"},
                 {"convert_to(text, text)", "bytea"},
                 {"encode(bytea, text)", "text"},
                 {"starts_with(text, text)", "boolean"},
                 {"left(text, integer)", "text"},
                 {"octet_length(text)", "integer"},
                 {"char_length(text)", "integer"},
                 {"to_char(timestamptz, text)", "text"},
                 {"to_char(timestamp, text)", "text"},
                 {"timezone(text, timestamptz)", "timestamp"},
                 {"date_part(text, timestamptz)", "double precision"},
                 {"make_interval(double precision)", "interval"},
                 {"concat_ws(text, text)", "text"},
                 {"concat_ws(text, pg_snapshot, pg_lsn, numeric, numeric)", "text"},
                 {"unnest(bigint[])", "setof bigint"},
                 {"unnest(text[])", "setof text"},
                 {"array_length(bigint[], integer)", "integer"},
                 {"cardinality(bigint[])", "integer"},
                 {"pg_notify(text, text)", "void"},
                 {"pg_current_xact_id()", "xid8"},
                 {"pg_current_snapshot()", "pg_snapshot"},
                 {"pg_snapshot_xmax(pg_snapshot)", "xid8"},
                 {"pg_snapshot_xip(pg_snapshot)", "setof xid8"},
                 {"pg_current_wal_insert_lsn()", "pg_lsn"},
                 {"pg_is_in_recovery()", "boolean"},
                 {"pg_postmaster_start_time()", "timestamptz"},
                 {"pg_advisory_lock(bigint)", "void"},
                 {"current_setting(text)", "text"},
                 {"set_config(text, text, boolean)", "text"},
                 {"websearch_to_tsquery(regconfig, text)", "tsquery"},
                 {"to_tsvector(regconfig, text)", "tsvector"},
                 {"to_jsonb(text)", "jsonb"},
                 {"hashtext(text)", "integer"},
                 {"generate_series(integer, integer)", "setof integer"},
             }) {
            s += "create function hostile." + arguments + " returns " + result +
                 " language plpgsql as $$ begin raise exception 'hostile'; end $$;";
        }
        // Comparisons that lie.
        for (const std::string type :
             {"bigint", "text", "timestamptz", "bytea", "xid8", "boolean"}) {
            s += "create function hostile.no(" + type + ", " + type +
                 ") returns boolean language sql as $$ select false $$;";
            for (const std::string op : {"=", "<>", "<", ">", "<=", ">="}) {
                s += "create operator hostile." + op + " (leftarg = " + type +
                     ", rightarg = " + type + ", function = hostile.no);";
            }
        }
        for (const std::string type :
             {"int8", "text", "bool", "timestamptz", "pg_snapshot", "jsonb"}) {
            s += "create domain hostile." + type + " as char(1);";
        }
        for (const std::string table :
             {"users", "walls", "memberships", "sessions", "posts", "heads", "entries",
              "schema_migrations", "pg_database", "pg_extension", "pg_namespace", "pg_proc",
              "pg_settings", "pg_stat_bgwriter", "pg_class"}) {
            s += "create table hostile." + table + " (nothing boolean);";
        }
        return s;
    }();
    return sql;
}
