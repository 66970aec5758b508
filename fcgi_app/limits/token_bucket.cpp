#include "fcgi_app/limits/token_bucket.hpp"

#include "fcgi_app/limits/network.hpp"

#include <algorithm>

namespace limits {

namespace {

time_point::duration seconds(double s)
{
    return std::chrono::duration_cast<time_point::duration>(std::chrono::duration<double>(s));
}

rate times(const rate& r, double share)
{
    return {r.per_second * share, r.burst * share};
}

} // namespace

token_buckets::token_buckets(const rate& r, std::string secret)
    : buckets_(std::move(secret))
{
    change(r);
}

void token_buckets::change(const rate& r)
{
    rate_limits_ = r.per_second > 0;
    token_ = rate_limits_ ? seconds(1 / r.per_second) : time_point::duration{};
    whole_ = rate_limits_ ? seconds(std::max(r.burst, 1.0) / r.per_second) : time_point::duration{};
}

token_buckets::wait token_buckets::take(std::string_view key, time_point now)
{
    if (!rate_limits_) {
        return {};
    }
    bucket& b = buckets_.at(key);
    const time_point full = std::max(b.until, now) + token_;
    if (full > now + whole_) {
        return std::chrono::ceil<wait>(full - now - whole_);
    }
    b.until = full;
    return {};
}

network_buckets::network_buckets(const rate& r, const std::string& secret)
{
    for (const auto& level : networks_of("::")) {
        levels_.emplace_back(times(r, level.share), secret);
    }
}

void network_buckets::change(const rate& r)
{
    const auto networks = networks_of("::");
    for (std::size_t i = 0; i < networks.size(); ++i) {
        levels_[i].change(times(r, networks[i].share));
    }
}

token_buckets::wait network_buckets::take(const std::string& address, time_point now)
{
    const auto networks = networks_of(address);
    for (std::size_t i = 0; i < networks.size(); ++i) {
        if (const auto wait = levels_[i].take(networks[i].key, now); wait != wait.zero()) {
            return wait;
        }
    }
    return {};
}

} // namespace limits
