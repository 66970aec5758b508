#include "walls/access_cache.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

namespace walls {

namespace {
constexpr std::size_t asked_together = 1000;
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
    , batch_(asked_together, [this](std::span<const std::string> tokens) { return load(tokens); })
    , guests_(1, [this](std::span<const as_guest>) { return std::vector<answer>{load_guest()}; })
{
}

identity_ptr access_cache::trusted(known& k, bool looks_succeed, fibers::steady_time now)
{
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

identity_ptr access_cache::remembered(const std::string& token, bool looks_succeed,
                                      fibers::steady_time now)
{
    const auto it = known_.find(token);
    return it == known_.end() ? nullptr : trusted(it->second, looks_succeed, now);
}

result<identity_ptr> access_cache::find(const std::string& token, bool looks_succeed,
                                        fibers::steady_time now)
{
    if (token.empty()) { // whatever a source would make of it
        return identity_ptr{};
    }
    if (auto identity = remembered(token, looks_succeed, now)) {
        return identity;
    }
    ++misses_;
    return batch_.ask(token);
}

result<identity_ptr> access_cache::find_any(std::span<const std::string> tokens, bool looks_succeed,
                                            fibers::steady_time now)
{
    if (std::ranges::find(tokens, std::string()) != tokens.end()) {
        std::vector<std::string> others(tokens.begin(), tokens.end());
        std::erase(others, std::string());
        return find_any(others, looks_succeed, now);
    }
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

result<identity_ptr> access_cache::find_guest(bool looks_succeed, fibers::steady_time now)
{
    if (guest_) {
        if (auto identity = trusted(*guest_, looks_succeed, now)) {
            return identity;
        }
    }
    ++misses_;
    return guests_.ask(as_guest::all);
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

access_cache::answer access_cache::load_guest()
{
    const auto asked_at = std::chrono::steady_clock::now();
    const auto forgotten = forgotten_;
    auto found = source_.find_guest();
    if (found && !*found) {
        guest_.reset();
    } else if (found && forgotten == forgotten_) { // as in load()
        guest_ = known{*found, asked_at};
    }
    return found;
}

bool access_cache::holds(const identity_ptr& identity) const
{
    const known* now = nullptr;
    if (identity->by == grounds::open_walls) {
        now = guest_ ? &*guest_ : nullptr;
    } else if (const auto it = known_.find(identity->token); it != known_.end()) {
        now = &it->second;
    }
    if (now == nullptr || now->identity != identity) {
        return false;
    }
    now->used = true;
    return true;
}

template <class Predicate>
void access_cache::forget_if(Predicate gone)
{
    ++forgotten_;
    boost::unordered::erase_if(known_, [&](const auto& k) { return gone(*k.second.identity); });
    if (guest_ && gone(*guest_->identity)) {
        guest_.reset();
    }
}

void access_cache::forget(user_id user)
{
    forget(std::span(&user, 1));
}

void access_cache::forget(std::span<const user_id> users)
{
    const boost::unordered_flat_set<user_id> changed(users.begin(), users.end());
    // A wall that a token names is told to guests when it goes, whoever else the token names.
    const bool of_guests = changed.contains(guest);
    forget_if([&](const identity& who) {
        return changed.contains(who.user) || (of_guests && who.by == grounds::signed_walls);
    });
}

void access_cache::forget_members(std::span<const wall_id> walls)
{
    forget_if([walls](const identity& who) {
        return std::ranges::any_of(walls, [&who](wall_id wall) { return who.may_see(wall); });
    });
}

void access_cache::forget(const std::string& token)
{
    ++forgotten_;
    known_.erase(token);
}

void access_cache::forget_signed()
{
    forget_if([](const identity& who) { return who.is_signed(); });
}

void access_cache::forget_all()
{
    forget_if([](const identity&) { return true; });
}

void access_cache::sweep()
{
    const auto unused = [](const known& k) { return !std::exchange(k.used, false); };
    boost::unordered::erase_if(known_, [&](const auto& k) { return unused(k.second); });
    if (guest_ && unused(*guest_)) {
        guest_.reset();
    }
}

} // namespace walls
