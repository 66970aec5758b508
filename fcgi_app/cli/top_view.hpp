// What `pollster top` shows: numbers out of the text of /metrics, and a frame made of two readings.
// Pure; any thread.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pollster::cli {

class reading {
public:
    using time = std::chrono::steady_clock::time_point;

    // Lines that are no numbers are passed over.
    reading(std::string_view metrics, time at);

    time at() const { return at_; }
    // Of all lines of that name, whatever their labels; 0: there is none.
    double sum(const std::string& name) const;
    bool has(const std::string& name) const { return values_.contains(name); }
    // The value of the first label of that name: a version.
    std::string label(const std::string& name) const;
    // Of a histogram: upper bound -> how many up to there, of all lines with these labels
    // (`call="look"`; empty: all lines), ascending.
    std::map<double, double> buckets(const std::string& name, std::string_view labels = {}) const;

private:
    time at_;
    std::map<std::string, std::vector<std::pair<std::string, double>>> values_; // labels, value
};

// A reading like the first, of which nothing has happened yet: rates are then averages since the
// process started. `unix_now` in seconds.
reading before_all(const reading& first, double unix_now);

// The duration below which a share `p` of what lies between two readings fell, between the bounds
// of its bucket as Prometheus does it; negative: there was nothing.
double quantile(double p, const std::map<double, double>& before,
                const std::map<double, double>& now);

// Several lines, each ended. `where`: what was asked.
std::string frame(const std::string& where, const reading& before, const reading& now);

std::string duration_text(double seconds); // "2.31 ms", "-"

} // namespace pollster::cli
