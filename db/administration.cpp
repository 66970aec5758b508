#include "db/administration.hpp"

#include "db/conninfo.hpp"
#include "db/migrate.hpp"
#include "db/names.hpp"
#include "db/rows.hpp"
#include "db/token.hpp"
#include "passwords/hash.hpp"
#include "text/number.hpp"
#include "text/utf8.hpp"

#include <algorithm>

namespace db {

void throw_exception_from_error(const refusal& r, const boost::source_location&)
{
    throw std::runtime_error(r.sentence);
}

administration::administration(const settings& s)
    // Removing a large wall takes long; waiting for somebody else's lock should not.
    : connection_(
          complete_conninfo(s.database, {std::chrono::milliseconds(0), "-c lock_timeout=10s"}),
          database_, meters_)
{
}

outcome<std::unique_ptr<administrator>> administrator::connect(const settings& given)
{
    const settings s = as_owner(given);
    try {
        if (const auto schema = check_schema(s); !schema) {
            return refusal{schema.error().why};
        }
        return std::unique_ptr<administrator>(std::make_unique<administration>(s));
    } catch (const std::exception& e) {
        return refusal{describe(e).why};
    }
}

std::string administration::why(const std::exception& e)
{
    const std::string what = describe(e).why;
    return sqlstate_of(e) != "42501" ? what
                                     : "this takes the role that owns the schema, which root acts "
                                       "as, and which the option "
                                       "database_owner names: " +
                                           what;
}

std::string administration::checked_name(const std::string& what, const std::string& name)
{
    // Characters, not bytes: the bytes of UTF-8 that do not continue one.
    const auto length = std::count_if(name.begin(), name.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    });
    if (!text::is_text(name) || length < 1 || length > 64) {
        throw refused("The name of a " + what + " has 1 to 64 characters of UTF-8.");
    }
    const std::string kept = composed(name);
    if (const auto fault = fault_in_name(kept)) {
        throw refused("The name of a " + what + " " + *fault);
    }
    return kept;
}

// Asks for all names: what looks alike is for ICU to say, and an application's tables cannot be
// given an index. A second for half a million; names are added by people. One at a time, so that
// two administrators do not add twins.
void administration::check_for_twins(const std::string& what, const std::string& name,
                                     std::int64_t except)
{
    connection_.exec("select pg_advisory_xact_lock(hashtext('pollster: names are added'))");
    const std::string look = look_of(name);
    const std::string names = "select name::text from pollster." + what +
                              "s where id <> $1::bigint and octet_length(name::text) <= 1000";
    const auto others = connection_.exec(names.c_str(), except);
    for (const auto& row : others) {
        const std::string other = row[0].c_str();
        if (other == name) {
            throw refused("A " + what + " called \"" + name + "\" exists already.");
        }
        if (look_of(other) == look) {
            throw refused("The " + what + " \"" + shown(other) +
                          "\" exists already, and nobody could tell the new name from it.");
        }
    }
}

const std::string& administration::checked_password(const std::string& password)
{
    if (password.size() < 8 || password.size() > 72 || !text::is_text(password)) {
        throw refused("A password has 8 to 72 bytes of UTF-8.");
    }
    return password;
}

// `view`: of the contract. As it was typed first: an application's tables may have both spellings.
std::int64_t administration::id_named(const std::string& view, const std::string& what,
                                      const std::string& name, const std::string& instead)
{
    const std::string sql = "select distinct pollster.id_of(id) from " + view +
                            " where name = $1::text and pollster.id_of(id) is not null";
    pqxx::result rows;
    if (text::is_text(name)) {
        for (const auto& spelling : spellings(name)) {
            rows = connection_.exec(sql.c_str(), spelling);
            if (!rows.empty()) {
                break;
            }
        }
    }
    if (rows.empty()) {
        throw refused("There is no " + what + " called \"" + name + "\".");
    }
    if (rows.size() > 1) { // possible where an application owns them
        throw refused("There is more than one " + what + " called \"" + name + "\"" + instead +
                      ".");
    }
    return rows[0][0].as<std::int64_t>();
}

std::int64_t administration::user_named(const std::string& name)
{
    return id_named("pollster.users", "user", name, {});
}

std::int64_t administration::wall_named(const std::string& name)
{
    const auto number = name.starts_with('#')
                            ? text::parse_number<std::int64_t>(std::string_view(name).substr(1),
                                                               INT64_MIN, INT64_MAX)
                            : std::nullopt;
    if (number) {
        if (connection_.exec("select id from pollster.walls where id = $1::bigint", *number)
                .empty()) {
            throw refused("There is no wall " + name + ".");
        }
        return *number;
    }
    return id_named("pollster.walls", "wall", name, "; say #number instead");
}

outcome<walls::user_id> administration::add_user(const std::string& name,
                                                 const std::string& password)
{
    return at_once([&] {
        own("users");
        const std::string kept = checked_name("user", name);
        checked_password(password);
        check_for_twins("user", kept, 0);
        const auto rows =
            connection_.exec("insert into pollster.users (name, password_hash) "
                             "select $1::text, $2::text where not exists (select from "
                             "pollster.users where name = $1::text) "
                             "on conflict do nothing returning id",
                             kept, passwords::make(password));
        if (rows.empty()) {
            throw refused("A user called \"" + kept + "\" exists already.");
        }
        return walls::user_id{rows[0][0].as<std::int64_t>()};
    });
}

outcome<void> administration::set_password(const std::string& name, const std::string& password)
{
    return at_once([&] {
        own("users");
        const auto user = user_named(name);
        checked_password(password);
        connection_.exec("update pollster.users set password_hash = $2::text where id = $1::bigint",
                         user, passwords::make(password));
        end_sessions(user);
    });
}

outcome<void> administration::disable_user(const std::string& name)
{
    return at_once([&] {
        own("users");
        const auto user = user_named(name);
        connection_.exec("update pollster.users set disabled = true where id = $1::bigint", user);
        end_sessions(user);
    });
}

outcome<void> administration::enable_user(const std::string& name)
{
    return at_once([&] {
        own("users");
        const auto user = user_named(name);
        connection_.exec("update pollster.users set disabled = false where id = $1::bigint", user);
    });
}

outcome<std::vector<user_row>> administration::list_users()
{
    return at_once([&] {
        const auto rows = connection_.exec(
            "select pollster.id_of(u.id), pollster.name_of(u.name::text), "
            "coalesce(u.disabled, true), u.password_hash is not null, m.wall, "
            "(select count(*) from pollster.sessions s where s.user_id = u.id "
            "and coalesce(s.expires_at > now(), true)) "
            "from pollster.users u left join lateral (select pollster.name_of(w.name::text) as "
            "wall from pollster.memberships x "
            "join pollster.walls w on w.id = x.wall_id where x.user_id = u.id) m on true "
            "where pollster.id_of(u.id) is not null order by 2, 1, m.wall");
        std::vector<user_row> out;
        for (const auto& row : rows) {
            const walls::user_id id{row[0].as<std::int64_t>()};
            if (out.empty() || out.back().id != id) {
                out.push_back({id,
                               row[1].c_str(),
                               row[2].as<bool>(),
                               row[3].as<bool>(),
                               {},
                               row[5].as<std::int64_t>()});
            }
            if (!row[4].is_null()) {
                out.back().walls.emplace_back(row[4].c_str());
            }
        }
        return out;
    });
}

std::size_t administration::end_sessions(std::int64_t user)
{
    sessions_may_end();
    const auto r = connection_.exec("delete from pollster.sessions where user_id = $1::bigint "
                                    "returning coalesce(expires_at > now(), true)",
                                    user);
    return static_cast<std::size_t>(std::count_if(
        r.begin(), r.end(), [](const auto& row) { return row[0].template as<bool>(); }));
}

outcome<std::vector<std::string>> administration::create_sessions(const std::string& user,
                                                                  std::size_t count,
                                                                  std::chrono::seconds lifetime)
{
    return at_once([&] {
        if (count < 1 || count > 100'000) {
            throw refused("Sessions are made 1 to 100000 at a time.");
        }
        if (lifetime < std::chrono::seconds(1) || lifetime > std::chrono::hours(24 * 36525)) {
            throw refused("A session lives from 1 second to 100 years.");
        }
        const auto id = user_named(user);
        std::vector<std::string> tokens(count);
        for (auto& token : tokens) {
            token = new_token();
        }
        connection_.exec(
            "insert into pollster.sessions (token_hash, user_id, created_at, expires_at) "
            "select hash, $2::bigint, now(), now() + make_interval(secs => $3::float8) "
            "from unnest($1::bytea[]) as hash",
            texts(tokens, token_hash), id, static_cast<std::int64_t>(lifetime.count()));
        return tokens;
    });
}

outcome<std::vector<session_row>> administration::list_sessions(const std::string& user)
{
    return at_once([&] {
        const std::int64_t id = user.empty() ? 0 : user_named(user);
        const auto rows = connection_.exec(
            "select encode(substr(s.token_hash, 1, 8), 'hex'), pollster.name_of(u.name::text), "
            "pollster.utc(s.created_at), pollster.utc(pollster.end_of(s.expires_at)) "
            "from pollster.sessions s join pollster.users u on u.id = s.user_id "
            "where coalesce(s.expires_at > now(), true) "
            "and ($1::bigint = 0 or u.id = $1::bigint) "
            "order by 2, s.created_at, substr(s.token_hash, 1, 32)",
            id);
        std::vector<session_row> out;
        for (const auto& row : rows) {
            out.push_back({row[0].c_str(), row[1].c_str(), row[2].c_str(), row[3].c_str()});
        }
        return out;
    });
}

outcome<void> administration::revoke_session(const std::string& session)
{
    return at_once([&] {
        const bool hex = session.size() >= 8 && session.size() <= 64 &&
                         session.find_first_not_of("0123456789abcdef") == std::string::npos;
        pqxx::result found;
        for (const auto& secret : secrets_in(session)) {
            if (found.empty() && is_token(secret)) {
                found = connection_.exec("select token_hash::text from pollster.sessions "
                                         "where token_hash = $1::bytea",
                                         token_hash(secret));
            }
        }
        if (found.empty() && hex) {
            // Reads all sessions: an operator's rare question needs no index of its own.
            found = connection_.exec(
                "select token_hash::text from pollster.sessions "
                "where starts_with(encode(substr(token_hash, 1, 32), 'hex'), $1::text) "
                "limit 2",
                session);
        }
        if (found.empty()) {
            throw refused("There is no such session.");
        }
        if (found.size() > 1) {
            throw refused("More than one session begins with these digits.");
        }
        sessions_may_end();
        connection_.exec("delete from pollster.sessions where token_hash = $1::bytea",
                         found[0][0].c_str());
    });
}

outcome<std::size_t> administration::revoke_sessions_of(const std::string& user)
{
    return at_once([&] { return end_sessions(user_named(user)); });
}

} // namespace db
