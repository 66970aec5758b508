#include "bench/percentiles.hpp"

#include <algorithm>

namespace bench {

percentiles percentiles_of(std::vector<double> values)
{
    if (values.empty()) {
        return {};
    }
    std::sort(values.begin(), values.end());
    const auto at = [&](std::size_t percent) {
        return values[std::min(values.size() - 1, values.size() * percent / 100)];
    };
    return {at(50), at(99), values.back()};
}

boost::json::object to_json(const percentiles& p)
{
    return {{"p50", p.p50}, {"p99", p.p99}, {"last", p.last}};
}

} // namespace bench
