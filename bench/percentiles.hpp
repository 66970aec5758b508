// How long things took, as the figures that every result reports. Pure; any thread.
#pragma once

#include <boost/json/object.hpp>

#include <vector>

namespace bench {

struct percentiles {
    double p50{}, p99{}, last{};
};
percentiles percentiles_of(std::vector<double> values); // all 0 without values
boost::json::object to_json(const percentiles& p);

} // namespace bench
