// What auto_explain logged, read and written as Markdown: the generated end of docs/DATABASE.md,
// and bench/results/plans.md.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

struct plan {
    double ms = 0;     // its execution alone, and that of the plans inside it
    std::string query; // in one line
    std::vector<std::string> nodes;

    std::string text() const;
    std::size_t most_rows() const; // that a node found in all its loops
};

// In the order of the log: the plans of a function's statements come before that of the statement
// which calls it. The log must be terse, with the prefix "plans|".
std::vector<plan> plans_in(const std::string& log);

struct explained {
    std::string statement; // a function of db/, and with what
    std::string asked_by;
    double ms = 0; // of a call
    std::vector<plan> plans;
};

// `root` is that of the repository. `how` says, in one paragraph, what was filled and how it was
// measured. Throws if a page cannot be written.
void write_plans(const std::filesystem::path& root, const std::string& how,
                 const std::vector<explained>& all);

// The statements that both pages have, in the order of plans.md. Throws if a statement has plans
// without a row in DATABASE.md, or a row without plans.
std::vector<std::string> statements_of_the_pages(const std::filesystem::path& root);
