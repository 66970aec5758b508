#include "walls/access_cache.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace walls {

namespace {
constexpr std::size_t tokens_a_statement = 1000;
}

bool access_cache::same_secret::operator()(const std::string& a,
                                           const std::string& b) const noexcept
{
    if (a.size() != b.size()) {
        return false;
    }
    // Eight bytes at a time: each poll is compared a few times.
    std::uint64_t differ = 0;
    std::size_t at = 0;
    for (; at + sizeof differ <= a.size(); at += sizeof differ) {
        std::uint64_t left = 0;
        std::uint64_t right = 0;
        std::memcpy(&left, &a[at], sizeof left);
        std::memcpy(&right, &b[at], sizeof right);
        differ |= left ^ right;
    }
    for (; at < a.size(); ++at) {
        differ |= static_cast<unsigned char>(a[at] ^ b[at]);
    }
    return differ == 0;
}

access_cache::access_cache(access_source& source)
    : source_(source)
    , batch_(tokens_a_statement,
             [this](std::span<const std::string> tokens) { return load(tokens); })
{
}

identity_ptr access_cache::remembered(const std::string& token, bool looks_succeed,
                                      fibers::steady_time now)
{
    const auto it = known_.find(token);
    if (it == known_.end()) {
        return nullptr;
    }
    known& k = it->second;
    // One that has run out by now did so by the database's clock, which may have been set: it is
    // asked.
    const bool young = now - k.since < time_to_live;
    if (k.identity->ends <= now || !(looks_succeed || young)) {
        return nullptr;
    }
    k.used = true;
    ++hits_;
    return k.identity;
}

result<identity_ptr> access_cache::find(const std::string& token, bool looks_succeed,
                                        fibers::steady_time now)
{
    if (auto identity = remembered(token, looks_succeed, now)) {
        return identity;
    }
    ++misses_;
    return batch_.ask(token);
}

result<identity_ptr> access_cache::find_any(std::span<const std::string> tokens, bool looks_succeed,
                                            fibers::steady_time now)
{
    if (tokens.empty()) {
        return identity_ptr{};
    }
    if (tokens.size() == 1) {
        return find(tokens.front(), looks_succeed, now);
    }
    if (auto identity = remembered(tokens.front(), looks_succeed, now)) {
        return identity;
    }
    // The others may be remembered, but they come after the first, which is asked for anyway.
    ++misses_;
    for (auto& found : load(tokens)) {
        if (!found || *found) {
            return std::move(found);
        }
    }
    return identity_ptr{};
}

std::vector<access_cache::answer> access_cache::load(std::span<const std::string> tokens)
{
    const auto asked_at = std::chrono::steady_clock::now();
    const auto forgotten = forgotten_;
    auto found = source_.find_identities(tokens);
    if (!found) {
        return std::vector<answer>(tokens.size(), answer(found.error()));
    }
    std::vector<answer> answers(found->begin(), found->end());
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const identity_ptr& identity = (*found)[i];
        if (!identity) {
            known_.erase(tokens[i]);
        } else if (forgotten == forgotten_) {
            // Otherwise it may be older than the change that was reported meanwhile: good for this
            // answer, not for later ones.
            known_.insert_or_assign(tokens[i], known{identity, asked_at});
        }
    }
    return answers;
}

bool access_cache::holds(const std::string& token, const identity_ptr& identity) const
{
    const auto it = known_.find(token);
    if (it == known_.end() || it->second.identity != identity) {
        return false;
    }
    it->second.used = true;
    return true;
}

void access_cache::forget(user_id user)
{
    forget(std::span(&user, 1));
}

void access_cache::forget(std::span<const user_id> users)
{
    ++forgotten_;
    const boost::unordered_flat_set<user_id> changed(users.begin(), users.end());
    // A wall that a token names is told to guests when it goes, whoever else the token names.
    const bool of_guests = changed.contains(guest);
    boost::unordered::erase_if(known_, [&](const auto& k) {
        const identity& who = *k.second.identity;
        return changed.contains(who.user) || (of_guests && who.by == grounds::signed_walls);
    });
}

void access_cache::forget_members(std::span<const wall_id> walls)
{
    ++forgotten_;
    boost::unordered::erase_if(known_, [walls](const auto& k) {
        return std::ranges::any_of(walls,
                                   [&k](wall_id wall) { return k.second.identity->may_see(wall); });
    });
}

void access_cache::forget(const std::string& token)
{
    ++forgotten_;
    known_.erase(token);
}

void access_cache::forget_signed()
{
    ++forgotten_;
    boost::unordered::erase_if(known_,
                               [](const auto& k) { return k.second.identity->is_signed(); });
}

void access_cache::forget_all()
{
    ++forgotten_;
    known_.clear();
}

void access_cache::sweep()
{
    boost::unordered::erase_if(known_,
                               [](auto& k) { return !std::exchange(k.second.used, false); });
}

} // namespace walls
