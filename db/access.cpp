#include "db/names.hpp"
#include "db/queries.hpp"
#include "db/rows.hpp"
#include "db/token.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_map>

namespace db {

std::vector<walls::identity_ptr> who(link& l, std::span<const std::string> tokens)
{
    // A wall that is gone is nobody's, even if an application leaves its memberships behind. Of
    // several sessions of a token the one that lasts longest comes last. Ids that are none, and
    // what never ends: migration "values".
    static constexpr char sql[] =
        "select asked.n, pollster.id_of(u.id), pollster.name_of(u.name::text), "
        "floor(extract(epoch from session.ends) * 1000)::bigint, "
        "floor(extract(epoch from session.ends - now()) * 1000)::bigint, "
        "array(select distinct pollster.id_of(m.wall_id) from pollster.memberships m "
        "join pollster.walls w on w.id = m.wall_id "
        "where m.user_id = u.id and pollster.id_of(m.wall_id) is not null order by 1) "
        "from unnest($1::text[]) with ordinality asked(token, n) "
        "join pollster.sessions s on s.token_hash = sha256(convert_to(asked.token, 'UTF8')) "
        "join pollster.users u on u.id = s.user_id "
        "cross join lateral (select pollster.end_of(s.expires_at) as ends) session "
        "where coalesce(s.expires_at > now(), true) and not u.disabled "
        "and pollster.id_of(u.id) is not null order by asked.n, session.ends";

    std::vector<walls::identity_ptr> answer(tokens.size());
    std::vector<std::size_t> places; // in `tokens`, of those that are asked for
    std::vector<std::size_t> ambiguous;
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
    const auto asked_at = std::chrono::steady_clock::now();
    const auto rows = l.exec(sql, asked);
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
        "select checked.id, pollster.name_of(checked.name::text), pollster.utc(added.expires_at) "
        "from checked, added";

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
        "returning coalesce(expires_at > now(), true)",
        session_id);
    return !r.empty() && r[0][0].as<bool>();
}

} // namespace db
