// What `pollster canary` measured, for the textfile collector of node_exporter. Any thread.
#pragma once

#include <string>

namespace pollster::cli {

struct canary_round {
    double posted = 0;    // seconds from sending the post to its answer
    double delivered = 0; // seconds from sending the post to the end of the poll that brought it
};

// Writes the metrics of docs/METRICS.md in place of `file`, of which the collector never sees half.
// `r`: null, if the last round failed. `last_success`: Unix time, seconds. False: it cannot be
// written.
bool write_textfile(const std::string& file, const canary_round* r, double last_success);

} // namespace pollster::cli
