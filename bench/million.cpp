// Parks polls by the hundred thousand in a running server and measures it: bench/million, which
// starts everything, explains; bench/README.md says how to read the result. Prints JSON.
#include "bench/host_memory.hpp"
#include "bench/poll_load.hpp"
#include "bench/process.hpp"

#include <boost/json.hpp>
#include <boost/program_options.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>

namespace {

using namespace bench;
using namespace std::chrono_literals;
namespace json = boost::json;
namespace po = boost::program_options;

struct settings {
    std::string socket;
    std::string sessions_file;
    pid_t server{};
    std::size_t polls{};
    std::size_t rooms{};
    std::size_t connections{};
    long idle_seconds{};
    long steady_seconds{};
};

json::object to_json(const delivery& d)
{
    return {{"readers", d.expected},
            {"received", d.right},
            {"received_by_others", d.wrong},
            {"committed_ms", d.committed_ms},
            {"latency_ms", to_json(d.latency)}};
}

std::vector<std::string> lines_of(const std::string& file)
{
    std::ifstream in(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

class measurement {
public:
    explicit measurement(const settings& s)
        : settings_(s)
        , shape_{s.polls, s.rooms, lines_of(s.sessions_file)}
        , load_(s.socket, s.connections, shape_)
    {
        load_.parked(); // the server is warm: its first request, its first SQL
        empty_rss_ = resident_bytes(s.server);
        empty_page_tables_ = page_table_bytes(s.server);
    }

    json::object run()
    {
        json::object out{{"machine", machine()},
                         {"connections", settings_.connections},
                         {"empty_server_bytes", empty_rss_}};
        json::array stages;
        for (const std::size_t many : {std::size_t{1'000}, std::size_t{15'000},
                                       std::size_t{100'000}, std::size_t{1'000'000}}) {
            if (many < settings_.polls) {
                stages.push_back(stage(many));
            }
        }
        stages.push_back(stage(settings_.polls));
        out["stages"] = std::move(stages);
        out["steady"] = steady();
        out["answered_too_early"] = load_.unexpected();
        std::size_t thousand = 0;
        std::size_t hundred_thousand = 0;
        for (std::size_t i = 0; i < settings_.polls; ++i) {
            hundred_thousand += shape_.reads_hundred_thousand(i) ? 1 : 0;
            thousand += shape_.reads_thousand(i) ? 1 : 0;
        }
        note("posting");
        out["delivery_thousand"] = to_json(load_.post(shape_.thousand(), thousand));
        out["delivery_hundred_thousand"] =
            to_json(load_.post(shape_.hundred_thousand(), hundred_thousand));
        note(json::serialize(out["delivery_thousand"]));
        note(json::serialize(out["delivery_hundred_thousand"]));
        out["after"] = after();
        return out;
    }

private:
    static void note(const std::string& line) { std::cerr << line << std::endl; }

    double per_poll(std::size_t bytes, std::size_t before, std::size_t polls) const
    {
        return (static_cast<double>(bytes) - static_cast<double>(before)) /
               static_cast<double>(polls);
    }

    // CPU of the server in percent of a core while `work` runs.
    template <class Work>
    double cpu_during(Work work) const
    {
        const auto start = steady_clock::now();
        const auto before = cpu_time(settings_.server);
        work();
        const auto spent = cpu_time(settings_.server) - before;
        return 100.0 * ms(spent).count() / ms(steady_clock::now() - start).count();
    }

    json::object stage(std::size_t many)
    {
        note("parking " + std::to_string(many));
        constexpr std::size_t bytes_a_poll = 7'000; // of server and client
        have_from_the_host((many - load_.parked()) * bytes_a_poll);
        const auto before = cpu_time(settings_.server);
        const auto took = load_.park(many);
        const auto cpu = cpu_time(settings_.server) - before;
        load_.rest(5s); // request stacks cool down
        const auto rss = resident_bytes(settings_.server);
        const auto idle =
            cpu_during([&] { load_.rest(std::chrono::seconds(settings_.idle_seconds)); });
        const auto pings = load_.ping(20ms, 6s);
        json::object out{{"parked", many},
                         {"park_seconds", took.count() / 1000},
                         {"park_cpu_seconds", ms(cpu).count() / 1000},
                         {"resident_bytes", rss},
                         {"bytes_per_poll", per_poll(rss, empty_rss_, many)},
                         {"page_table_bytes_per_poll",
                          per_poll(page_table_bytes(settings_.server), empty_page_tables_, many)},
                         {"idle_cpu_percent", idle},
                         {"idle_seconds", settings_.idle_seconds},
                         {"pings", pings.size()},
                         {"ping_ms", to_json(percentiles_of(pings))},
                         {"load_average", load_average()}};
        note(json::serialize(out));
        return out;
    }

    json::object steady()
    {
        note("steady for " + std::to_string(settings_.steady_seconds) + " s");
        std::vector<double> pings;
        const auto cpu = cpu_during(
            [&] { pings = load_.ping(200ms, std::chrono::seconds(settings_.steady_seconds)); });
        return {{"seconds", settings_.steady_seconds},
                {"cpu_percent", cpu},
                {"still_parked", load_.parked()},
                {"resident_bytes", resident_bytes(settings_.server)},
                {"pings", pings.size()},
                {"ping_ms", to_json(percentiles_of(pings))},
                {"load_average", load_average()}};
    }

    // All are aborted; does the memory come back?
    json::object after()
    {
        note("aborting all");
        const auto before = resident_bytes(settings_.server);
        forget_peak(settings_.server);
        const auto took = load_.abort_all();
        json::array rss;
        for (int i = 0; i < 12; ++i) {
            load_.rest(5s);
            rss.push_back(json::object{{"seconds", (i + 1) * 5},
                                       {"resident_bytes", resident_bytes(settings_.server)}});
        }
        return {{"abort_seconds", took.count() / 1000},
                {"still_parked", load_.parked()},
                {"resident_bytes_before", before},
                {"resident_bytes_peak", peak_bytes(settings_.server)},
                {"resident_bytes_then", std::move(rss)}};
    }

    const settings settings_;
    const shape shape_;
    poll_load load_;
    std::size_t empty_rss_ = 0;
    std::size_t empty_page_tables_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    try {
        settings s;
        po::options_description options("bench_million: used by bench/million");
        options.add_options()("socket", po::value(&s.socket)->required(), "unix socket")(
            "sessions", po::value(&s.sessions_file)->required(), "file of session tokens")(
            "server", po::value(&s.server)->required(), "process id to measure")(
            "polls", po::value(&s.polls)->required(), "how many in the end")(
            "rooms", po::value(&s.rooms)->required(), "walls besides the two large ones")(
            "connections", po::value(&s.connections)->required(), "FastCGI connections")(
            "idle", po::value(&s.idle_seconds)->required(), "seconds of each idle measurement")(
            "steady", po::value(&s.steady_seconds)->required(), "seconds at the end");
        po::variables_map given;
        po::store(po::parse_command_line(argc, argv, options), given);
        po::notify(given);
        std::cout << json::serialize(measurement(s).run()) << '\n';
        return 0;
    } catch (const std::exception& e) {
        std::cerr << "bench_million: " << e.what() << '\n';
        return 1;
    }
}
