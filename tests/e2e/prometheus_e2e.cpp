// A real Prometheus with the shipped configuration and rules: it understands all metrics, and its
// alarm goes off when PostgreSQL stops under one parked poll. Only addresses, paths and intervals
// are replaced.
#include "tests/e2e/chat.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <set>
#include <sstream>

using namespace e2e;
namespace fs = std::filesystem;

namespace {

void replace(std::string& text, const std::string& what, const std::string& by)
{
    const auto at = text.find(what);
    BOOST_REQUIRE(at != std::string::npos);
    text.replace(at, what.size(), by);
}

class prometheus {
public:
    explicit prometheus(const chat& s)
        : port_(free_port())
    {
        auto config = read_text(source_folder() / "monitoring/prometheus.yml");
        replace(config, "/usr/share/pollster/monitoring", source_folder() / "monitoring");
        replace(config, "localhost:80", "127.0.0.1:" + std::to_string(s.port()));
        replace(config, "scrape_interval: 5s", "scrape_interval: 1s");
        config += "\nglobal:\n  evaluation_interval: 1s\n";
        const auto file = s.folder() / "prometheus.yml";
        std::ofstream(file) << config;
        process_ = std::make_unique<process>(
            std::vector<std::string>{"prometheus", "--config.file=" + file.string(),
                                     "--storage.tsdb.path=" + (s.folder() / "tsdb").string(),
                                     "--web.listen-address=127.0.0.1:" + std::to_string(port_),
                                     "--log.level=warn"},
            process::options{s.folder() / "prometheus.log", -1, {}});
        eventually("Prometheus is ready", [&] {
            try {
                return http_client(port_).call("GET", "/-/ready").status == 200;
            } catch (const std::exception&) {
                return false;
            }
        });
    }

    // The result of /api/v1/…
    boost::json::value ask(const std::string& what) const
    {
        return http_client(port_).call("GET", "/api/v1/" + what).json().at("data");
    }
    // The value of the only series of that name; none: there is none yet.
    std::optional<double> value(const std::string& name) const
    {
        const auto found = ask("query?query=" + name).at("result").as_array();
        if (found.empty()) {
            return std::nullopt;
        }
        return std::stod(std::string(found.at(0).at("value").at(1).as_string()));
    }
    std::set<std::string> firing() const
    {
        std::set<std::string> names;
        const auto data = ask("alerts");
        for (const auto& a : data.at("alerts").as_array()) {
            if (a.at("state") == "firing") {
                names.emplace(a.at("labels").at("alertname").as_string());
            }
        }
        return names;
    }

private:
    unsigned short port_;
    std::unique_ptr<process> process_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(prometheus_)

BOOST_AUTO_TEST_CASE(it_scrapes_everything_and_its_alarm_for_a_dead_database_goes_off)
{
    private_postgres postgres;
    chat s({}, &postgres);
    hanging_call parked(s, poll_call(ann, R"({"1":0})"));
    s.until_parked(1);
    const prometheus p(s);
    eventually("it has scraped", [&] { return p.value("pollster_clients") == 1; });
    BOOST_TEST((p.value("up") == 1));
    const auto names = p.ask("label/__name__/values").as_array();
    const std::set<std::string> known = [&] {
        std::set<std::string> out;
        for (const auto& n : names) {
            out.emplace(n.as_string());
        }
        return out;
    }();
    // Each line of the text, histograms and their buckets too, under its name.
    std::istringstream text(s.send({"GET", "/metrics", {}, {}}).body);
    std::size_t lines = 0;
    for (std::string line; std::getline(text, line);) {
        if (!line.empty() && !line.starts_with('#')) {
            const auto name = line.substr(0, line.find_first_of(" {"));
            BOOST_TEST(known.contains(name), name);
            ++lines;
        }
    }
    BOOST_TEST(lines > 100u);
    BOOST_TEST(p.firing().empty());

    postgres.crash();
    eventually("the alarm", [&] { return p.firing().contains("PollsterDatabaseLost"); });
    BOOST_TEST((p.value("pollster_look_failures_total").value_or(0) > 0));
    postgres.start();
    eventually("the alarm ends", [&] { return !p.firing().contains("PollsterDatabaseLost"); });
}

BOOST_AUTO_TEST_SUITE_END()
