#include "fcgi_app/routes/rate_limits.hpp"

#include "db/names.hpp"
#include "fcgi_app/limits/network.hpp"
#include "walls/identity.hpp"

#include <boost/fiber/operations.hpp>

namespace routes {

namespace {

using std::chrono::steady_clock;

// A bucket holds what its rate gives in ten seconds: pages that open together, a phone that was in
// a tunnel.
constexpr double burst_seconds = 10;

constexpr std::chrono::milliseconds held_for{500};
// Each is a fiber with a stack of some 16 KB in use. Beyond, refusals go out at once.
constexpr std::size_t most_held = 1'000;

std::string secret()
{
    std::random_device bits;
    std::string out;
    for (int i = 0; i < 4; ++i) {
        out += std::to_string(bits()) + ' ';
    }
    return out;
}

limits::rate a_second(std::size_t n)
{
    return {static_cast<double>(n), static_cast<double>(n) * burst_seconds};
}

limits::rate a_minute(std::size_t n)
{
    return {static_cast<double>(n) / 60, static_cast<double>(n)};
}

prometheus::Counter& counter(metrics& m, const char* option)
{
    return m.counter("pollster_limits_total", "Times a limit was reached, by limit.",
                     {{"limit", option}});
}

http::refusal too_many(std::string_view sentence, std::chrono::milliseconds wait)
{
    return {429, std::string(sentence), std::chrono::ceil<std::chrono::seconds>(wait)};
}

std::string key_of(walls::user_id user)
{
    return std::to_string(walls::number(user));
}

// All spellings of a name sign the same user in, so they are one. Of name and network, so that
// nobody can lock another out from elsewhere.
std::string attempt_key(const http::request& r, const std::string& name)
{
    return rate_limits::origin_of(r) + '\n' + db::composed(name);
}

} // namespace

template <class Tokens>
rate_limits::bucket<Tokens>::bucket(metrics& m, const char* option, const limits::rate& r)
    : tokens_(r, secret())
    , refused_(counter(m, option))
{
}

template <class Tokens>
rate_limits::refusal rate_limits::bucket<Tokens>::take(const std::string& key,
                                                       std::string_view sentence)
{
    const auto wait = tokens_.take(key, steady_clock::now());
    if (wait == wait.zero()) {
        return std::nullopt;
    }
    refused_.Increment();
    return too_many(sentence, wait);
}

rate_limits::rate_limits(const rate_settings& s, metrics& m)
    : user_polls_(m, "user_polls_per_second", a_second(s.user_polls_per_second))
    , address_polls_(m, "address_polls_per_second", a_second(s.address_polls_per_second))
    , user_posts_(m, "user_posts_per_second", a_second(s.user_posts_per_second))
    , address_posts_(m, "address_posts_per_second", a_second(s.address_posts_per_second))
    , user_reads_(m, "user_reads_per_second", a_second(s.user_reads_per_second))
    , address_reads_(m, "address_reads_per_second", a_second(s.address_reads_per_second))
    , address_sign_ins_(m, "address_sign_ins_per_minute", a_minute(s.address_sign_ins_per_minute))
    , guests_an_address_(s.max_parked_per_address)
    , guests_refused_(counter(m, "max_parked_per_address"))
    , address_refusals_(a_second(s.address_refusals_per_second), secret())
    , held_back_(counter(m, "address_refusals_per_second"))
    , sign_in_delay_(s.sign_in_longest_delay, secret())
    , delayed_(counter(m, "sign_in_longest_delay_seconds"))
{
}

void rate_limits::change(const rate_settings& s)
{
    user_polls_.change(a_second(s.user_polls_per_second));
    address_polls_.change(a_second(s.address_polls_per_second));
    user_posts_.change(a_second(s.user_posts_per_second));
    address_posts_.change(a_second(s.address_posts_per_second));
    user_reads_.change(a_second(s.user_reads_per_second));
    address_reads_.change(a_second(s.address_reads_per_second));
    address_sign_ins_.change(a_minute(s.address_sign_ins_per_minute));
    guests_an_address_ = s.max_parked_per_address;
    address_refusals_.change(a_second(s.address_refusals_per_second));
    sign_in_delay_.change(s.sign_in_longest_delay);
}

rate_limits::refusal rate_limits::poll_from(const http::request& r)
{
    return address_polls_.take(r.remote_addr, "Too many polls from this address. Please wait.");
}

rate_limits::refusal rate_limits::poll_by(walls::user_id user)
{
    return user == walls::guest ? std::nullopt
                                : user_polls_.take(key_of(user), "Too many polls. Please wait.");
}

rate_limits::waiting_place rate_limits::place_for(const http::request& r, walls::user_id user)
{
    waiting_place p;
    // Over a unix socket, say, all clients would be one.
    if (user == walls::guest && limits::is_address(r.remote_addr)) {
        p.limits_ = this;
        p.address_ = r.remote_addr;
    }
    return p;
}

bool rate_limits::waiting_place::take()
{
    if (limits_ == nullptr || held_ || limits_->guests_an_address_ == 0) {
        return true;
    }
    held_ = limits_->guests_.take(address_, limits_->guests_an_address_);
    if (!held_) {
        limits_->guests_refused_.Increment();
    }
    return static_cast<bool>(held_);
}

rate_limits::refusal rate_limits::post(const http::request& r, walls::user_id user)
{
    if (auto refused =
            address_posts_.take(r.remote_addr, "Too many posts from this address. Please wait.")) {
        return refused;
    }
    return user == walls::guest ? std::nullopt
                                : user_posts_.take(key_of(user), "Too many posts. Please wait.");
}

rate_limits::refusal rate_limits::read_from(const http::request& r)
{
    return address_reads_.take(r.remote_addr, "Too many requests from this address. Please wait.");
}

rate_limits::refusal rate_limits::read_by(walls::user_id user)
{
    return user == walls::guest ? std::nullopt
                                : user_reads_.take(key_of(user), "Too many requests. Please wait.");
}

std::string rate_limits::origin_of(const http::request& r)
{
    return limits::networks_of(r.remote_addr).back().key;
}

rate_limits::refusal rate_limits::sign_in(const http::request& r, const std::string& name)
{
    if (auto refused = address_sign_ins_.take(r.remote_addr, "Too many sign-ins from this address. "
                                                             "Please wait.")) {
        return refused;
    }
    const auto wait = sign_in_delay_.attempt(attempt_key(r, name), steady_clock::now());
    if (wait == wait.zero()) {
        return std::nullopt;
    }
    delayed_.Increment();
    return too_many("Too many attempts. Please wait.", wait);
}

void rate_limits::hold_back(const http::request& r)
{
    const auto wait = address_refusals_.take(r.remote_addr, steady_clock::now());
    if (wait == wait.zero() || held_ == most_held) {
        return;
    }
    held_back_.Increment();
    ++held_;
    boost::this_fiber::sleep_for(held_for);
    --held_;
}

void rate_limits::signed_in(const http::request& r, const std::string& name)
{
    sign_in_delay_.succeeded(attempt_key(r, name));
}

} // namespace routes
