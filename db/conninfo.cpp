#include "db/conninfo.hpp"

#include "text/number.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>

namespace db {
namespace {

using options_of_libpq = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

// libpq quotes what it stumbles over, which may be a piece of a password.
std::string without_values(std::string why)
{
    while (!why.empty() && why.back() == '\n') {
        why.pop_back();
    }
    if (why.starts_with("invalid connection option") ||
        why.starts_with("invalid URI query parameter")) {
        return why; // a keyword
    }
    if (why.starts_with("missing \"=\"")) {
        return "it consists of keyword=value, separated by spaces; a value with spaces in it is "
               "written 'between quotes'";
    }
    why.erase(std::min(why.find('"'), why.size()));
    while (!why.empty() && (why.back() == ' ' || why.back() == ':')) {
        why.pop_back();
    }
    return why;
}

// Throws std::invalid_argument.
options_of_libpq read(const std::string& given)
{
    char* error = nullptr;
    options_of_libpq options(PQconninfoParse(given.c_str(), &error), &PQconninfoFree);
    const std::unique_ptr<char, decltype(&PQfreemem)> message(error, &PQfreemem);
    if (!options) {
        throw std::invalid_argument("cannot read the connection string: " +
                                    without_values(message ? message.get() : "out of memory"));
    }
    return options;
}

std::map<std::string, std::string> parse(const std::string& given)
{
    const auto options = read(given);
    std::map<std::string, std::string> values;
    for (const PQconninfoOption* o = options.get(); o->keyword != nullptr; ++o) {
        if (o->val != nullptr) {
            values[o->keyword] = o->val;
        }
    }
    return values;
}

std::string quoted_value(const std::string& value)
{
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + "'";
}

// Seconds, for each address of each host. Without end, which is libpq's default, nobody wants it.
int connect_timeout(const std::string& theirs)
{
    return std::min(text::parse_number<int>(theirs, 1, INT_MAX).value_or(3), 30);
}

std::string joined(const std::map<std::string, std::string>& values)
{
    std::string out;
    for (const auto& [key, value] : values) {
        out += key + "=" + quoted_value(value) + " ";
    }
    out.pop_back();
    return out;
}

} // namespace

std::optional<std::string> fault_in_conninfo(const std::string& given)
{
    try {
        read(given);
        return std::nullopt;
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
}

std::string said_of(const std::string& keyword, const std::string& given)
{
    std::map<std::string, std::string> values;
    try {
        values = parse(given);
    } catch (const std::invalid_argument&) {
        return {};
    }
    if (const auto found = values.find(keyword); found != values.end()) {
        return found->second;
    }
    // These come from the environment, or are built in; of the user, the process's.
    const options_of_libpq defaults(PQconndefaults(), &PQconninfoFree);
    for (const PQconninfoOption* o = defaults.get(); o != nullptr && o->keyword != nullptr; ++o) {
        if (keyword == o->keyword) {
            return o->val != nullptr ? o->val : "";
        }
    }
    return {};
}

bool names_user(const std::string& given)
{
    const char* user = std::getenv("PGUSER");
    try {
        return parse(given).contains("user") || (user != nullptr && *user != '\0');
    } catch (const std::invalid_argument&) {
        return false;
    }
}

std::string with_keyword(const std::string& given, const std::string& keyword,
                         const std::string& value)
{
    auto values = parse(given);
    values[keyword] = value;
    return joined(values);
}

std::string complete_conninfo(const std::string& given, const session_options& options)
{
    auto values = parse(given);
    values.try_emplace("application_name", "pollster");
    if (!options.purpose.empty()) {
        values["application_name"] += " " + options.purpose;
    }
    // A host that swallows packets is noticed within seconds, before and after the connection
    // stands.
    values["connect_timeout"] = std::to_string(connect_timeout(values["connect_timeout"]));
    values.try_emplace("keepalives_idle", "10");
    values.try_emplace("keepalives_interval", "5");
    values.try_emplace("keepalives_count", "3");
    values.try_emplace("tcp_user_timeout", "15000");
    values["client_encoding"] = "UTF8";

    const auto timeout = options.statement_timeout.count();
    // A statement waits for a lock no longer than for anything else, and says which of the two it
    // was.
    const auto lock_timeout = timeout - timeout / 10;
    // Pages are in memory or on flash: an index is worth its while earlier than the default
    // assumes.
    std::string server = "-c jit=off -c random_page_cost=1.1 -c client_min_messages=error"
                         " -c idle_in_transaction_session_timeout=15s";
    server += " -c lock_timeout=" + std::to_string(lock_timeout);
    auto& theirs = values["options"];
    if (!theirs.empty()) {
        server += " " + theirs;
    }
    // Those that could end the session before db/session_settings.cpp has its turn. A connection of
    // the pool, and the listener's, is meant to be idle.
    server += " -c idle_session_timeout=0";
    server += " -c statement_timeout=" + std::to_string(timeout);
    if (!options.extra.empty()) {
        server += " " + options.extra;
    }
    theirs = server;

    return joined(values);
}

std::string conninfo_for(const std::string& complete, int server_version)
{
    if (server_version != 0 && server_version < 170000) {
        return complete;
    }
    auto values = parse(complete);
    values["options"] += " -c transaction_timeout=0";
    return joined(values);
}

} // namespace db
