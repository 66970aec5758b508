#include "db/names.hpp"
#include "db/queries.hpp"
#include "db/rows.hpp"
#include "db/token.hpp"
#include "text/utf8.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_map>

namespace db {

std::vector<walls::identity_ptr> find_identities(connection& conn,
                                                 std::span<const std::string> tokens)
{
    static const reading sql([](const std::string& care) {
        return "select n, user_id, user_name, ends, remains, walls from pollster.who" + care +
               "($1::bytea[])";
    });

    std::vector<walls::identity_ptr> answer(tokens.size());
    std::vector<std::size_t> places; // in `tokens`, of those that are asked for
    std::vector<std::size_t> ambiguous;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (is_token(tokens[i])) {
            places.push_back(i);
        }
    }
    if (places.empty()) {
        return answer;
    }
    const auto asked =
        texts(places, [&tokens](std::size_t place) { return token_hash(tokens[place]); });
    const auto asked_at = std::chrono::steady_clock::now();
    const auto rows = read_rows(conn, sql, asked);
    const auto read_at = std::chrono::steady_clock::now();
    for (const auto& row : rows) {
        const std::size_t place = places[row[0].as<std::size_t>() - 1];
        const walls::user_id user{row[1].as<std::int64_t>()};
        if (answer[place] && answer[place]->user != user) {
            ambiguous.push_back(place);
        }
        auto identity = std::make_shared<walls::identity>();
        identity->user = user;
        identity->user_name = row[2].c_str();
        identity->read_at = read_at;
        identity->expires =
            decltype(identity->expires)(std::chrono::milliseconds(row[3].as<std::int64_t>()));
        // Further off than anybody waits, and within what a clock of nanoseconds holds.
        identity->ends = asked_at + std::min<std::chrono::milliseconds>(
                                        std::chrono::milliseconds(row[4].as<std::int64_t>()),
                                        std::chrono::years(100));
        for (const auto wall : parse_bigints(row[5].c_str())) {
            identity->walls.push_back(walls::wall_id{wall});
        }
        identity->token = tokens[place];
        answer[place] = std::move(identity);
    }
    // A token that is several people's tells nobody who is asking.
    for (const std::size_t place : ambiguous) {
        answer[place] = nullptr;
    }
    return answer;
}

std::vector<std::shared_ptr<walls::identity>> find_named(connection& conn,
                                                         std::span<const named> who)
{
    static const reading sql([](const std::string& care) {
        return "select n, user_id, user_name, walls from pollster.who_by_token" + care +
               "($1::bigint[], $2::text[])";
    });

    const auto users = bigints(who, [](const named& w) { return number(w.user); });
    const auto named_walls = texts(who, [](const named& w) {
        return w.walls ? bigints(*w.walls, [](walls::wall_id id) { return number(id); })
                       : std::string();
    });
    const auto rows = read_rows(conn, sql, users, named_walls);
    const auto read_at = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<walls::identity>> answer(who.size());
    for (const auto& row : rows) {
        const std::size_t place = row[0].as<std::size_t>() - 1;
        auto identity = std::make_shared<walls::identity>();
        identity->user = walls::user_id{row[1].as<std::int64_t>()};
        identity->user_name = row[2].c_str();
        identity->read_at = read_at;
        for (const auto wall : parse_bigints(row[3].c_str())) {
            identity->walls.push_back(walls::wall_id{wall});
        }
        identity->by = who[place].walls                  ? walls::grounds::signed_walls
                       : who[place].user != walls::guest ? walls::grounds::signed_user
                                                         : walls::grounds::open_walls;
        answer[place] = std::move(identity);
    }
    return answer;
}

// The stand-in is the hash of some user, drawn by the name: always the same one for the same name,
// whichever process is asked, and one kind as often as users have it. So where hashes of several
// costs are stored, names that do not exist cost what names that do exist cost. The system's
// identifier is a seed that strangers do not know.
stored_password password_of(connection& conn, const std::string& name)
{
    // By the name to sign in with, if the view has one (migration login_names says how that is
    // found out), else by the one that others see.
    static const std::string named =
        "from (select null::text as login) missing "
        "left join lateral (select * from ("
        "select n.id, n.password_hash, n.disabled, login::text as given from pollster.users n "
        "where login in ($1::text, $2::text, $3::text) "
        "union all "
        "select n.id, n.password_hash, n.disabled, n.name::text from pollster.users n "
        "where n.name in ($1::text, $2::text, $3::text) "
        "and not (select pollster.users_have_logins())) found "
        "order by given = $1::text desc, given = $2::text desc limit 1) u on true ";
    static const std::string columns =
        "select pollster.id_of(u.id), pollster.text_of(u.password_hash::text, 255), u.disabled, ";
    // Where a hash among those that might be drawn cannot be read, nobody is drawn.
    static const reading sql([](const std::string& care) {
        if (!care.empty()) {
            return columns + "null " + named;
        }
        return columns + "other.hash " + named +
               "left join lateral (select o.hash from "
               "(select p.id, pollster.text_of(p.password_hash::text, 255) as hash "
               "from pollster.users p where p.id >= (select (lowest::numeric + "
               "(highest::numeric - lowest::numeric) * "
               "(hashtextextended($2::text, (select system_identifier from pg_control_system())) "
               "& 1048575) / 1048576)::bigint from (select min(id) as lowest, max(id) as highest "
               "from pollster.users where id between 1 and 9223372036854775807) ends) "
               "order by p.id limit 100) o "
               "where o.hash like '$%' order by o.id limit 1) other on true";
    });

    // A name with a NUL would be cut there on its way. Such a name is nobody's, but asking takes
    // the usual time.
    // As it was typed first: an application's tables may have both spellings.
    const auto [typed, nfc, nfd] = spellings(text::is_text(name) ? name : std::string());
    const auto rows = read_rows(conn, sql, typed, nfc, nfd);
    const auto& row = rows[0];
    stored_password found;
    if (!row[0].is_null()) {
        found.user = walls::user_id{row[0].as<std::int64_t>()};
        found.hash = row[1].c_str(); // null: empty
        found.disabled = row[2].is_null() || row[2].as<bool>();
    }
    found.stand_in = row[3].c_str();
    return found;
}

// Only if nothing has changed while the password was verified. What is beyond the bound goes in the
// same statement, the oldest first; so many at a time that it stays short.
std::optional<signed_in> add_session(connection& conn, const stored_password& owner,
                                     std::chrono::seconds lifetime, std::size_t most)
{
    static const std::string adding =
        "with owner as materialized (select id, pollster.name_of(name::text) as name "
        "from pollster.users "
        "where id = $1::bigint and not disabled and password_hash::text = $2::text limit 1), "
        "added as (insert into pollster.sessions (token_hash, user_id, created_at, expires_at) "
        "select $3::bytea, id, now(), now() + make_interval(secs => $4::float8) from owner "
        "returning expires_at)";
    static const std::string added = " select owner.id, owner.name, pollster.utc(added.expires_at)";
    static const std::string from = " from owner, added";
    static const std::string bounded =
        adding +
        ", beyond as materialized (select s.token_hash "
        "from pollster.sessions s join owner on s.user_id = owner.id "
        "order by s.created_at desc nulls last, s.token_hash offset $5::bigint limit 1000), "
        "ended as (delete from pollster.sessions where token_hash in "
        "(select token_hash from beyond))" +
        added + ", (select count(*) from beyond)" + from;
    static const std::string unbounded = adding + added + ", 0" + from;

    const std::string token = new_token();
    const std::string hash = token_hash(token);
    const auto seconds = static_cast<std::int64_t>(lifetime.count());
    const auto rows =
        most == 0 ? conn.exec(unbounded.c_str(), number(owner.user), owner.hash, hash, seconds)
                  : conn.exec(bounded.c_str(), number(owner.user), owner.hash, hash, seconds,
                              static_cast<std::int64_t>(most) - 1);
    if (rows.empty()) {
        return std::nullopt;
    }
    return signed_in{token, walls::user_id{rows[0][0].as<std::int64_t>()}, rows[0][1].c_str(),
                     rows[0][2].c_str(), rows[0][3].as<std::size_t>()};
}

bool sign_out(connection& conn, const std::string& session_id)
{
    if (!is_token(session_id)) {
        return false;
    }
    const auto r =
        conn.exec("delete from pollster.sessions s where s.token_hash = $1::bytea "
                  "returning coalesce(s.expires_at > now(), true) and exists (select from "
                  "pollster.users u where u.id = s.user_id and not u.disabled)",
                  token_hash(session_id));
    return !r.empty() && r[0][0].as<bool>();
}

} // namespace db
