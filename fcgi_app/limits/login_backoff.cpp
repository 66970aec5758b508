#include "fcgi_app/limits/login_backoff.hpp"

#include <algorithm>

namespace limits {

login_backoff::login_backoff(std::chrono::seconds longest, std::string secret)
    : longest_(longest)
    , records_(std::move(secret))
{
}

void login_backoff::change(std::chrono::seconds longest)
{
    longest_ = longest;
}

login_backoff::wait login_backoff::attempt(std::string_view key, time_point now)
{
    if (longest_ == std::chrono::seconds(0)) {
        return {};
    }
    record& r = records_.at(key);
    if (r.until <= now) {
        r = {};
    }
    if (r.next > now) {
        return std::chrono::ceil<wait>(r.next - now);
    }
    ++r.failures;
    const int doublings = std::min(r.failures - free_failures, 20); // 2^20 s is beyond any longest
    r.next = doublings < 0 ? now : now + std::min(longest_, std::chrono::seconds(1 << doublings));
    r.until = r.next + remembered;
    return {};
}

void login_backoff::succeeded(std::string_view key)
{
    if (longest_ != std::chrono::seconds(0)) {
        records_.at(key) = {};
    }
}

} // namespace limits
