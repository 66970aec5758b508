#include "fcgi_app/routes/histograms.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>

namespace routes {

namespace {

prometheus::Histogram::BucketBoundaries bounds()
{
    prometheus::Histogram::BucketBoundaries seconds;
    for (const auto us : durations::histogram::bounds_us) {
        seconds.push_back(static_cast<double>(us) / 1e6);
    }
    return seconds;
}

prometheus::Family<prometheus::Histogram>& family(prometheus::Registry& into,
                                                  const std::string& name, const std::string& help)
{
    return prometheus::BuildHistogram().Name(name).Help(help).Register(into);
}

} // namespace

histograms::shown histograms::histogram(prometheus::Family<prometheus::Histogram>& of,
                                        const prometheus::Labels& labels)
{
    return shown(of.Add(labels, bounds()));
}

histograms::histograms(prometheus::Registry& into)
    : deliveries_(histogram(
          family(into, "pollster_delivery_seconds",
                 "From the commit of an entry to the written answer of a client that waited."),
          {}))
    , polls_(histogram(
          family(into, "pollster_poll_seconds", "From a poll to its answer, its wait included."),
          {}))
{
    auto& calls = family(into, "pollster_sql_seconds",
                         "What is asked of the database, from its first statement to its last.");
    for (const auto name : db::call_names) {
        calls_.push_back(histogram(calls, {{"call", std::string(name)}}));
    }
    auto& waits = family(into, "pollster_sql_wait_seconds",
                         "Database calls, waiting for a connection of their purpose.");
    for (const auto name : db::purpose_names) {
        waits_.push_back(histogram(waits, {{"purpose", std::string(name)}}));
    }
}

void histograms::show(const durations::histogram& deliveries, const durations::histogram& polls,
                      const db::call_times& calls)
{
    deliveries_.show(deliveries);
    polls_.show(polls);
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        calls_[i].show(calls.taken[i]);
    }
    for (std::size_t i = 0; i < waits_.size(); ++i) {
        waits_[i].show(calls.waited[i]);
    }
}

void histograms::shown::show(const durations::histogram& now)
{
    std::vector<double> more;
    std::ranges::transform(now.counts(), before_.counts(), std::back_inserter(more),
                           [](auto a, auto b) { return static_cast<double>(a - b); });
    as_->ObserveMultiple(more, now.sum_seconds() - before_.sum_seconds());
    before_ = now;
}

} // namespace routes
