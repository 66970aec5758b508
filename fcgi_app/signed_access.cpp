#include "fcgi_app/signed_access.hpp"

#include <boost/fiber/operations.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace pollster {

namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

// Signatures that are verified before the other fibers run.
constexpr std::size_t verified_in_a_row = 8;
constexpr auto never = std::chrono::years(100);

} // namespace

struct signed_access::question {
    std::size_t place; // of the token
    db::named who;
    std::chrono::sys_time<std::chrono::milliseconds> expires;
    steady_clock::time_point ends;
};

signed_access::signed_access(db::sessions& stored, signed_tokens::rules r)
    : stored_(stored)
    , rules_(std::move(r))
{
}

bool signed_access::change(signed_tokens::rules r)
{
    if (r == rules_) {
        return false;
    }
    rules_ = std::move(r);
    return true;
}

// None: nobody.
std::optional<signed_access::question>
signed_access::judge(const std::string& token, std::size_t place, const signed_tokens::rules& by)
{
    const auto now = std::chrono::floor<std::chrono::milliseconds>(system_clock::now());
    const auto claims = signed_tokens::read(token, *by.known, by.must, now);
    if (!claims) {
        spdlog::debug("a signed token is not taken: {}", claims.error().why);
        return std::nullopt;
    }
    db::named who;
    if (claims->user) {
        who.user = walls::user_id{*claims->user};
    }
    if (claims->walls) {
        auto& named = who.walls.emplace();
        for (const auto wall : *claims->walls) {
            named.push_back(walls::wall_id{wall});
        }
    }
    const auto left = std::min<std::chrono::milliseconds>(claims->expires - now, never);
    return question{place, std::move(who), claims->expires, steady_clock::now() + left};
}

walls::result<std::vector<walls::identity_ptr>>
signed_access::find_identities(std::span<const std::string> tokens)
{
    std::vector<walls::identity_ptr> answer(tokens.size());
    std::vector<std::string> sessions;
    std::vector<std::size_t> places; // of these
    std::vector<question> others;
    std::size_t verified = 0;
    // While others run the keys may become others; what was found by those of before is not
    // remembered then (hub::keys_changed).
    const auto by = rules_;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (!by.known || !signed_tokens::looks_signed(tokens[i])) {
            sessions.push_back(tokens[i]);
            places.push_back(i);
        } else {
            if (++verified % verified_in_a_row == 0) {
                boost::this_fiber::yield();
            }
            if (auto one = judge(tokens[i], i, by)) {
                others.push_back(std::move(*one));
            }
        }
    }
    if (!sessions.empty()) {
        auto found = stored_.find_identities(sessions);
        if (!found) {
            return found.error();
        }
        for (std::size_t i = 0; i < places.size(); ++i) {
            answer[places[i]] = std::move((*found)[i]);
        }
    }
    if (!others.empty()) {
        std::vector<db::named> who;
        for (const question& q : others) {
            who.push_back(q.who);
        }
        auto found = stored_.find_named(who);
        if (!found) {
            return found.error();
        }
        for (std::size_t i = 0; i < others.size(); ++i) {
            if (const auto& identity = (*found)[i]) {
                identity->token = tokens[others[i].place];
                identity->expires = others[i].expires;
                identity->ends = others[i].ends;
                answer[others[i].place] = identity;
            }
        }
    }
    return answer;
}

} // namespace pollster
