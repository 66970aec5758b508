#include "db/names.hpp"
#include "db/queries.hpp"
#include "db/rows.hpp"
#include "db/token.hpp"
#include "text/utf8.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <unordered_map>

namespace db {

namespace {

// `asked`: the arguments of the function. Nearly always somebody asks alone, and for that there is
// a text of its own: PostgreSQL takes an array that it does not see for ten, and would plan each
// time what it sees is for one.
reading who(const std::string& asked)
{
    return {reading::often{}, [asked](const std::string& care) {
                return "select n, user_id, user_name, ends, remains, walls from pollster.who" +
                       care + "(" + asked + ")";
            }};
}
reading who_by_token(const std::string& asked)
{
    return {reading::often{}, [asked](const std::string& care) {
                return "select n, user_id, user_name, walls from pollster.who_by_token" + care +
                       "(" + asked + ")";
            }};
}

} // namespace

std::vector<walls::identity_ptr> find_identities(connection& conn,
                                                 std::span<const std::string> tokens)
{
    static const reading of_one = who("array[$1::bytea]");
    static const reading of_several = who("$1::bytea[]");

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
    const auto hash = [&tokens](std::size_t place) { return token_hash(tokens[place]); };
    const auto asked_at = std::chrono::steady_clock::now();
    const auto rows = places.size() == 1 ? read_rows(conn, of_one, hash(places.front()))
                                         : read_rows(conn, of_several, texts(places, hash));
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

namespace {

// As the function has it: of user 0 without walls ('') it tells the walls that are open.
std::vector<std::shared_ptr<walls::identity>> find_by_token(connection& conn,
                                                            std::span<const std::int64_t> users,
                                                            std::span<const std::string> walls)
{
    static const reading of_one = who_by_token("array[$1::bigint], array[$2::text]");
    static const reading of_several = who_by_token("$1::bigint[], $2::text[]");

    const auto itself = [](const auto& value) { return value; };
    const auto rows = users.size() == 1 ? read_rows(conn, of_one, users.front(), walls.front())
                                        : read_rows(conn, of_several, bigints(users, itself),
                                                    texts(walls, itself));
    const auto read_at = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<walls::identity>> answer(users.size());
    for (const auto& row : rows) {
        auto identity = std::make_shared<walls::identity>();
        identity->user = walls::user_id{row[1].as<std::int64_t>()};
        if (identity->user != walls::guest) { // whatever an application calls its user 0
            identity->user_name = row[2].c_str();
        }
        identity->read_at = read_at;
        for (const auto wall : parse_bigints(row[3].c_str())) {
            identity->walls.push_back(walls::wall_id{wall});
        }
        answer[row[0].as<std::size_t>() - 1] = std::move(identity);
    }
    return answer;
}

} // namespace

std::vector<std::shared_ptr<walls::identity>> find_named(connection& conn,
                                                         std::span<const named> who)
{
    std::vector<std::int64_t> users;
    std::vector<std::string> named_walls;
    for (const named& w : who) {
        users.push_back(number(w.user.value_or(walls::guest)));
        named_walls.push_back(
            w.walls ? bigints(*w.walls, [](walls::wall_id id) { return number(id); }) : "");
    }
    auto answer = find_by_token(conn, users, named_walls);
    for (std::size_t i = 0; i < who.size(); ++i) {
        if (!who[i].walls && who[i].user.value_or(walls::guest) == walls::guest) {
            answer[i] = nullptr; // it names nobody, and the open walls are not what it asks for
        } else if (answer[i]) {
            answer[i]->by =
                who[i].walls ? walls::grounds::signed_walls : walls::grounds::signed_user;
        }
    }
    return answer;
}

walls::identity_ptr find_guest(connection& conn)
{
    using namespace std::chrono_literals;
    const auto guest =
        find_by_token(conn, std::array{number(walls::guest)}, std::array{std::string()}).front();
    if (guest) {
        guest->by = walls::grounds::open_walls;
        // Never: of the years that people are shown the last.
        guest->expires = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1) - 1ms;
        guest->ends = std::chrono::steady_clock::now() + std::chrono::years(100);
    }
    return guest;
}

// The stand-in is the hash of some user, drawn by the name: always the same one for the same name,
// whichever process is asked, and one kind as often as users have it. So where hashes of several
// costs are stored, names that do not exist cost what names that do exist cost. The system's
// identifier is a seed that strangers do not know.
stored_password password_of(connection& conn, const std::string& name)
{
    // Where a hash among those that might be drawn cannot be read, nobody is drawn.
    static const reading sql([](const std::string& care) {
        return "select user_id, password_hash, disabled, stand_in "
               "from pollster.password_of($1::text, $2::text, $3::text, " +
               std::string(care.empty() ? "true)" : "false)");
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
    const std::string token = new_token();
    const auto rows =
        conn.exec("select user_id, user_name, expires_at, ended from pollster.add_session("
                  "$1::bigint, $2::text, $3::bytea, $4::bigint, $5::bigint)",
                  number(owner.user), owner.hash, token_hash(token),
                  static_cast<std::int64_t>(lifetime.count()), static_cast<std::int64_t>(most));
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
    const auto r = conn.exec("select pollster.end_session($1::bytea)", token_hash(session_id));
    return r[0][0].as<bool>(false);
}

} // namespace db
