#include "fcgi_app/cli/canary_textfile.hpp"

#include <cstdio>
#include <fstream>

namespace pollster::cli {

bool write_textfile(const std::string& file, const canary_round* r, double last_success)
{
    const std::string beside = file + ".new";
    {
        std::ofstream out(beside);
        const auto gauge = [&out](const char* name, const char* help, double value) {
            out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << " gauge\n"
                << name << ' ' << std::to_string(value) << '\n';
        };
        gauge("pollster_canary_up", "1 if the last round succeeded.", r != nullptr ? 1 : 0);
        gauge("pollster_canary_last_success_timestamp_seconds",
              "When a round last succeeded, Unix time.", last_success);
        if (r != nullptr) {
            gauge("pollster_canary_delivery_seconds",
                  "From sending the post to the end of the poll that brought it.", r->delivered);
            gauge("pollster_canary_post_seconds", "From sending the post to its answer.",
                  r->posted);
        }
        if (!out.flush()) {
            return false;
        }
    }
    return std::rename(beside.c_str(), file.c_str()) == 0;
}

} // namespace pollster::cli
