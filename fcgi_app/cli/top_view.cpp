#include "fcgi_app/cli/top_view.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace pollster::cli {

namespace {

std::string text_of(const char* format, double a)
{
    char out[64];
    std::snprintf(out, sizeof out, format, a);
    return out;
}

std::string whole(double n)
{
    return text_of("%.0f", n);
}

std::string age_text(double seconds)
{
    constexpr double minute = 60;
    constexpr double hour = 3600;
    constexpr double day = 86'400;
    return seconds < minute ? text_of("%.1f s", seconds)
           : seconds < hour ? text_of("%.0f min", seconds / minute)
           : seconds < day  ? text_of("%.1f h", seconds / hour)
                            : text_of("%.1f days", seconds / day);
}

std::string bytes_text(double bytes)
{
    constexpr double mega = 1024.0 * 1024;
    return bytes < 1024 * mega ? text_of("%.0f MB", bytes / mega)
                               : text_of("%.2f GB", bytes / mega / 1024);
}

// What the looks say. Failures since the reading before mean that it is away now.
std::string database_text(const reading& before, const reading& now)
{
    const double failed =
        now.sum("pollster_look_failures_total") - before.sum("pollster_look_failures_total");
    const double looks = now.sum("pollster_looks_total") - before.sum("pollster_looks_total");
    const std::string age = age_text(now.sum("pollster_last_look_age_seconds"));
    if (failed > 0 && looks == 0) {
        return "AWAY: looks fail, the last good one was " + age + " ago";
    }
    return (now.sum("pollster_clients") == 0 ? "nobody is connected, so it is not looked at; "
                                             : "") +
           ("last look " + age + " ago" + (failed > 0 ? ", " + whole(failed) + " failed" : ""));
}

class lines {
public:
    explicit lines(const reading& before, const reading& now)
        : before_(before)
        , now_(now)
        , seconds_(std::max(std::chrono::duration<double>(now.at() - before.at()).count(), 1e-3))
    {
    }
    void begin(std::string_view title)
    {
        text_ += text_.empty() ? "" : "\n";
        text_ += title;
        text_.append(title.size() < title_width ? title_width - title.size() : 1, ' ');
    }
    // "900 clients", in columns.
    void add(const std::string& value, std::string_view what)
    {
        std::string cell = value + ' ' + std::string(what);
        cell.append(cell.size() < cell_width ? cell_width - cell.size() : 1, ' ');
        text_ += cell;
    }
    void say(const std::string& sentence) { text_ += sentence; }
    void rate(const std::string& name, std::string_view what) { add(per_second(name), what); }
    std::string per_second(const std::string& name) const
    {
        const double n = (now_.sum(name) - before_.sum(name)) / seconds_;
        return text_of(n < 9.95 ? "%.1f" : "%.0f", std::max(n, 0.0));
    }
    double part_of_time(const std::string& name) const
    {
        return (now_.sum(name) - before_.sum(name)) / seconds_;
    }
    std::string quantile_text(double p, const std::string& name, std::string_view labels = {}) const
    {
        return duration_text(
            quantile(p, before_.buckets(name, labels), now_.buckets(name, labels)));
    }
    std::string take()
    {
        std::string out;
        for (std::size_t at = 0; at < text_.size();) { // without the blanks at the ends of lines
            const auto end = std::min(text_.find('\n', at), text_.size());
            const std::string line = text_.substr(at, end - at);
            out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
            at = end + 1;
        }
        return out;
    }

private:
    static constexpr std::size_t title_width = 12;
    static constexpr std::size_t cell_width = 20;
    const reading& before_;
    const reading& now_;
    const double seconds_;
    std::string text_;
};

} // namespace

reading::reading(std::string_view metrics, time at)
    : at_(at)
{
    while (!metrics.empty()) {
        const auto end = std::min(metrics.find('\n'), metrics.size());
        const std::string line(metrics.substr(0, end));
        metrics.remove_prefix(std::min(end + 1, metrics.size()));
        const auto space = line.rfind(' ');
        if (line.starts_with('#') || space == std::string::npos) {
            continue;
        }
        const auto brace = std::min(line.find('{'), space);
        const auto close = line.rfind('}', space);
        const std::string labels = close != std::string::npos && close > brace
                                       ? line.substr(brace + 1, close - brace - 1)
                                       : std::string();
        values_[line.substr(0, brace)].emplace_back(labels,
                                                    std::strtod(line.c_str() + space, nullptr));
    }
}

double reading::sum(const std::string& name) const
{
    double all = 0;
    if (const auto it = values_.find(name); it != values_.end()) {
        for (const auto& [labels, value] : it->second) {
            all += value;
        }
    }
    return all;
}

std::string reading::label(const std::string& name) const
{
    const auto it = values_.find(name);
    if (it == values_.end()) {
        return {};
    }
    const std::string& labels = it->second.front().first;
    const auto from = labels.find('"');
    const auto to = labels.find('"', from + 1);
    return from == std::string::npos || to == std::string::npos
               ? std::string()
               : labels.substr(from + 1, to - from - 1);
}

std::map<double, double> reading::buckets(const std::string& name, std::string_view labels) const
{
    std::map<double, double> found;
    const auto it = values_.find(name + "_bucket");
    if (it == values_.end()) {
        return found;
    }
    for (const auto& [all, value] : it->second) {
        const auto le = all.find("le=\"");
        if (le != std::string::npos && all.find(labels) != std::string::npos) {
            const std::string bound = all.substr(le + 4, all.find('"', le + 4) - le - 4);
            found[bound == "+Inf" ? std::numeric_limits<double>::infinity()
                                  : std::strtod(bound.c_str(), nullptr)] += value;
        }
    }
    return found;
}

reading before_all(const reading& first, double unix_now)
{
    const double age = std::max(unix_now - first.sum("process_start_time_seconds"), 1.0);
    return {"", first.at() - std::chrono::duration_cast<reading::time::duration>(
                                 std::chrono::duration<double>(age))};
}

double quantile(double p, const std::map<double, double>& before,
                const std::map<double, double>& now)
{
    std::vector<std::pair<double, double>> more;
    for (const auto& [bound, value] : now) {
        const auto it = before.find(bound);
        more.emplace_back(bound, value - (it == before.end() ? 0 : it->second));
    }
    if (more.empty() || more.back().second <= 0) {
        return -1;
    }
    const double rank = p * more.back().second;
    double below = 0;
    double lower = 0;
    for (const auto& [bound, value] : more) {
        if (value >= rank) {
            return std::isinf(bound) || value == below
                       ? lower
                       : lower + (bound - lower) * (rank - below) / (value - below);
        }
        below = value;
        lower = bound;
    }
    return lower;
}

std::string duration_text(double seconds)
{
    if (seconds < 0) {
        return "-";
    }
    return seconds < 1 ? text_of("%.3g ms", seconds * 1000) : text_of("%.3g s", seconds);
}

std::string frame(const std::string& where, const reading& before, const reading& now)
{
    lines out(before, now);
    out.begin("pollster");
    out.say(now.label("pollster_build_info") + " at " + where);
    out.begin("database");
    out.say(database_text(before, now));
    out.begin("clients");
    out.add(whole(now.sum("pollster_clients")), "connected");
    out.add(whole(now.sum("pollster_parked_polls")), "parked");
    out.add(whole(now.sum("pollster_streams")), "streams");
    out.add(whole(now.sum("pollster_connections")), "connections");
    out.begin("a second");
    out.rate("pollster_posts_total", "posts");
    out.rate("pollster_delivery_seconds_count", "deliveries");
    out.rate("pollster_polls_total", "polls");
    out.rate("pollster_requests_total", "requests");
    out.begin("delivery");
    out.add(out.quantile_text(0.5, "pollster_delivery_seconds"), "p50");
    out.add(out.quantile_text(0.99, "pollster_delivery_seconds"), "p99");
    out.say("from commit to written");
    out.begin("sql");
    out.rate("pollster_sql_statements_total", "statements/s");
    out.add(whole(now.sum("pollster_sql_waiting")), "waiting");
    out.add(out.quantile_text(0.99, "pollster_sql_seconds"), "p99");
    out.add(out.quantile_text(0.99, "pollster_sql_wait_seconds"), "p99 of waits");
    out.begin("refused");
    out.rate("pollster_database_refusals_total", "database/s");
    out.rate("pollster_limits_total", "limits/s");
    out.add(whole(now.sum("pollster_failures_total")), "bugs since the start");
    out.begin("process");
    out.add(text_of("%.1f %%", 100 * out.part_of_time("process_cpu_seconds_total")), "CPU");
    out.add(bytes_text(now.sum("process_resident_memory_bytes")), "memory");
    out.add(whole(now.sum("process_open_fds")),
            "of " + whole(now.sum("process_max_fds")) + " descriptors");
    return out.take();
}

} // namespace pollster::cli
