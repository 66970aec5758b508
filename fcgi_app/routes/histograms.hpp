// The durations that the parts count (durations/histogram.hpp), as Prometheus' histograms. Thread
// of the event loop, when somebody reads the metrics.
#pragma once

#include "db/call_times.hpp"
#include "durations/histogram.hpp"

#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <vector>

namespace routes {

class histograms {
public:
    explicit histograms(prometheus::Registry& into);

    // What each has counted since the start.
    void show(const durations::histogram& deliveries, const durations::histogram& polls,
              const db::call_times& calls);

private:
    class shown {
    public:
        explicit shown(prometheus::Histogram& as)
            : as_(&as)
        {
        }
        void show(const durations::histogram& now);

    private:
        prometheus::Histogram* as_;
        durations::histogram before_; // as shown last
    };

    static shown histogram(prometheus::Family<prometheus::Histogram>& of,
                           const prometheus::Labels& labels);

    shown deliveries_;
    shown polls_;
    std::vector<shown> calls_; // as db::call_names
    std::vector<shown> waits_; // as db::purpose_names
};

} // namespace routes
