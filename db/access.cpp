#include "db/names.hpp"
#include "db/queries.hpp"
#include "db/rows.hpp"
#include "db/token.hpp"

#include <algorithm>
#include <unordered_map>

namespace db {

std::vector<walls::identity_ptr> who(link& l, std::span<const std::string> tokens)
{
    // A wall that is gone is nobody's, even if an application leaves its memberships behind.
    static constexpr char sql[] =
        "select asked.n, u.id, u.name, (extract(epoch from s.expires_at) * 1000)::bigint, "
        "array(select m.wall_id::bigint from pollster.memberships m join pollster.walls w on w.id "
        "= m.wall_id "
        "where m.user_id = u.id order by m.wall_id) "
        "from unnest($1::text[]) with ordinality asked(token, n) "
        "join pollster.sessions s on s.token_hash = sha256(convert_to(asked.token, 'UTF8')) "
        "join pollster.users u on u.id = s.user_id "
        "where s.expires_at > now() and not u.disabled";

    std::vector<walls::identity_ptr> answer(tokens.size());
    std::vector<std::size_t> places; // in `tokens`, of those that are asked for
    std::string asked = "{";
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (is_token(tokens[i])) {
            asked += (places.empty() ? "" : ",") + tokens[i];
            places.push_back(i);
        }
    }
    asked += '}';
    if (places.empty()) {
        return answer;
    }
    const auto rows = l.exec(sql, asked);
    const auto now = std::chrono::steady_clock::now();
    for (const auto& row : rows) {
        auto identity = std::make_shared<walls::identity>();
        identity->user = walls::user_id{row[1].as<std::int64_t>()};
        identity->user_name = row[2].c_str();
        identity->read_at = now;
        identity->expires = std::chrono::system_clock::time_point(
            std::chrono::milliseconds(row[3].as<std::int64_t>()));
        for (const auto wall : parse_bigints(row[4].c_str())) {
            identity->walls.push_back(walls::wall_id{wall});
        }
        const std::size_t place = places[row[0].as<std::size_t>() - 1];
        identity->token = tokens[place];
        answer[place] = std::move(identity);
    }
    return answer;
}

// bcrypt runs exactly once, also for a name that does not exist, a disabled user, and a hash that
// is not bcrypt: the answer and its time are the same. The stand-in is a hash of the same cost that
// no password fits.
std::optional<signed_in> sign_in(link& l, const std::string& name, const std::string& password,
                                 std::chrono::seconds lifetime)
{
    static constexpr char sql[] =
        "with named as materialized ("
        "select u.id, u.name, u.password_hash, u.disabled from (values (1)) always "
        "left join lateral (select * from pollster.users n where n.name in ($1::text, $5::text, "
        "$6::text) order by n.name = $1::text desc, n.name = $5::text desc limit 1) u on true), "
        "checked as materialized (select id, name, "
        "pollster.bcrypt($2::text, salt) = salt and password_hash = salt and not disabled as good "
        "from ("
        "select named.*, case when password_hash ~ '^\\$2[axy]\\$[0-9]{2}\\$[./A-Za-z0-9]{53}$' "
        "then password_hash "
        "else '$2a$10$C.E5YPO9kmyuRGyh0XouQeYYjNEhL2TjkxSZlF0jAhWcQm0zS8Gkm' end as salt from "
        "named) s), "
        "added as (insert into pollster.sessions (token_hash, user_id, created_at, expires_at) "
        "select sha256(convert_to($3::text, 'UTF8')), id, now(), now() + make_interval(secs => "
        "$4::float8) "
        "from checked where good returning expires_at) "
        "select checked.id, checked.name, pollster.utc(added.expires_at) from checked, added";

    // A name with a NUL would be cut there on its way. Such a name is nobody's, but asking takes
    // the usual time.
    const bool possible =
        storable(name) && storable(password) && !name.empty() && !password.empty();
    const std::string token = new_token();
    // As it was typed first: an application's tables may have both spellings.
    const auto [typed, nfc, nfd] = spellings(possible ? name : std::string());
    const auto rows = l.exec(sql, typed, possible ? password : std::string("x"), token,
                             static_cast<std::int64_t>(lifetime.count()), nfc, nfd);
    if (rows.empty()) {
        return std::nullopt;
    }
    return signed_in{token, walls::user_id{rows[0][0].as<std::int64_t>()}, rows[0][1].c_str(),
                     rows[0][2].c_str()};
}

bool sign_out(link& l, const std::string& session_id)
{
    if (!is_token(session_id)) {
        return false;
    }
    const auto r = l.exec(
        "delete from pollster.sessions where token_hash = sha256(convert_to($1::text, 'UTF8')) "
        "returning expires_at > now()",
        session_id);
    return !r.empty() && r[0][0].as<bool>();
}

} // namespace db
