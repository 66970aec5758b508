#include "bench/process.hpp"

#include "text/number.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace bench {

namespace {

std::string contents(const std::string& file)
{
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// The value behind `name` in text of lines "name: value …".
std::string field(const std::string& text, const std::string& name)
{
    const auto at = text.find(name);
    if (at == std::string::npos) {
        throw std::runtime_error("the process to be measured has ended");
    }
    const auto begin = text.find_first_not_of(" \t:", at + name.size());
    return text.substr(begin, text.find('\n', begin) - begin);
}

// The same, of "name: number kB", in bytes.
std::size_t bytes_in(const std::string& text, const std::string& name)
{
    return 1024 * text::parse_number<std::size_t>(text::leading_digits(field(text, name)), 0,
                                                  SIZE_MAX / 1024)
                      .value();
}

std::string of_process(pid_t pid, const char* file)
{
    return contents("/proc/" + std::to_string(pid) + "/" + file);
}

} // namespace

std::size_t resident_bytes(pid_t pid)
{
    return bytes_in(of_process(pid, "smaps_rollup"), "\nRss");
}

void forget_peak(pid_t pid)
{
    std::ofstream("/proc/" + std::to_string(pid) + "/clear_refs") << "5";
}

std::size_t peak_bytes(pid_t pid)
{
    return bytes_in(of_process(pid, "status"), "\nVmHWM");
}

std::size_t page_table_bytes(pid_t pid)
{
    return bytes_in(of_process(pid, "status"), "\nVmPTE");
}

std::chrono::nanoseconds cpu_time(pid_t pid)
{
    const auto text = of_process(pid, "stat");
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) {
        throw std::runtime_error("the process to be measured has ended");
    }
    std::istringstream rest(text.substr(name_end + 2));
    std::string skipped;
    for (int i = 3; i < 14; ++i) {
        rest >> skipped;
    }
    long user = 0;
    long system = 0;
    rest >> user >> system; // fields 14 and 15
    return std::chrono::nanoseconds(std::chrono::seconds(user + system)) / sysconf(_SC_CLK_TCK);
}

double load_average()
{
    return std::stod(contents("/proc/loadavg"));
}

std::string machine()
{
    utsname kernel{};
    uname(&kernel);
    return field(contents("/proc/cpuinfo"), "model name") + ", " +
           std::to_string(std::thread::hardware_concurrency()) + " cores, " +
           std::to_string(bytes_in(contents("/proc/meminfo"), "MemTotal") >> 30U) + " GiB; Linux " +
           kernel.release;
}

} // namespace bench
