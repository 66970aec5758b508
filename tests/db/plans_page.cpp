#include "tests/db/plans_page.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace fs = std::filesystem;

namespace {

constexpr char generated[] = "<!-- Generated from here on: see the command below. -->";
constexpr char plans_file[] = "../bench/results/plans.md"; // from docs/

std::string in_one_line(const std::string& text)
{
    std::istringstream words(text);
    std::string line;
    for (std::string word; words >> word;) {
        line += (line.empty() ? "" : " ") + word;
    }
    return line;
}

// Estimates, and how much memory a sort of ten rows took, hide what matters: the rows that were
// read.
bool worth_printing(const std::string& line)
{
    for (const char* detail :
         {"Sort Method:", "Heap Fetches:", "Buckets:", "Batches:", "Heap Blocks:", "Cache Mode:",
          "Hits:", "Tuples Inserted:", "Conflicting Tuples:"}) {
        if (line.find(detail) != std::string::npos) {
            return false;
        }
    }
    return true;
}

std::string without_costs(const std::string& line)
{
    static const std::regex estimate("\\(cost=[^)]*\\) ");
    static const std::regex actual("\\(actual ");
    return std::regex_replace(std::regex_replace(line, estimate, ""), actual, "(");
}

std::string milliseconds(double ms)
{
    char text[32];
    std::snprintf(text, sizeof text, ms < 10 ? "%.2f" : "%.0f", ms);
    return text;
}

std::string indexes_of(const explained& e)
{
    static const std::regex index(
        "(?:using (\\w+) on|Bitmap Index Scan on (\\w+)|Arbiter Indexes: (\\w+))");
    std::vector<std::string> found;
    for (const auto& p : e.plans) {
        for (const auto& node : p.nodes) {
            std::smatch m;
            if (std::regex_search(node, m, index)) {
                const std::string name = m[1].str() + m[2].str() + m[3].str();
                if (std::find(found.begin(), found.end(), name) == found.end()) {
                    found.push_back(name);
                }
            }
        }
    }
    std::string out;
    for (const auto& name : found) {
        out += (out.empty() ? "`" : ", `") + name + "`";
    }
    return out.empty() ? "none: it reads no table" : out;
}

struct repeated : plan { // ms is of all together
    int times = 1;
};

// A function does the same for each post of a group.
std::vector<repeated> once_each(const std::vector<plan>& plans)
{
    std::vector<repeated> out;
    for (const auto& p : plans) {
        const auto known =
            std::find_if(out.begin(), out.end(), [&](const auto& o) { return o.query == p.query; });
        if (known == out.end()) {
            out.push_back({p});
        } else {
            known->ms += p.ms;
            ++known->times;
        }
    }
    return out;
}

// As GitHub makes it of a heading.
std::string anchor(const std::string& heading)
{
    std::string out;
    for (const char c : heading) {
        if (c == ' ') {
            out += '-';
        } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-') {
            out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    return out;
}

// The paragraph in lines of at most 120 columns, where that can be: code and links stay in one
// piece.
std::string filled(const std::string& paragraph)
{
    constexpr std::size_t columns = 120;
    std::string out;
    std::size_t column = 0;
    for (std::size_t at = 0; at < paragraph.size();) {
        bool code = false;
        int brackets = 0;
        auto end = at;
        for (; end < paragraph.size(); ++end) {
            const char c = paragraph[end];
            code = code != (c == '`');
            brackets += c == '[' ? 1 : c == ']' ? -1 : 0;
            if (c == ' ' && !code && brackets == 0) {
                break;
            }
        }
        const auto word = paragraph.substr(at, end - at);
        if (column > 0) {
            const bool fits = column + 1 + word.size() <= columns;
            out += fits ? ' ' : '\n';
            column = fits ? column + 1 : 0;
        }
        out += word;
        column += word.size();
        at = end + 1;
    }
    return out + "\n";
}

std::string contents(const fs::path& file)
{
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

std::size_t generated_part(const std::string& page)
{
    const auto mark = page.find(generated);
    if (mark == std::string::npos) {
        throw std::runtime_error("DATABASE.md has no line " + std::string(generated));
    }
    return mark;
}

void write(const fs::path& file, const std::string& text)
{
    std::ofstream out(file);
    out << text;
    if (!out.flush()) {
        throw std::runtime_error("cannot write " + file.string());
    }
}

} // namespace

std::string plan::text() const
{
    std::string out = query + "\n";
    for (const auto& node : nodes) {
        out += "    " + node + "\n";
    }
    return out;
}

std::size_t plan::most_rows() const
{
    double most = 0;
    for (const auto& node : nodes) {
        double rows = 0;
        double loops = 0;
        const auto at = node.find("(actual rows=");
        if (at != std::string::npos &&
            std::sscanf(node.c_str() + at, "(actual rows=%lf loops=%lf)", &rows, &loops) == 2) {
            most = std::max(most, rows * loops);
        }
    }
    return static_cast<std::size_t>(most);
}

std::vector<plan> plans_in(const std::string& log)
{
    // The connection's name and purpose.
    constexpr std::string_view name = "plans ";
    constexpr std::string_view first = "|LOG:  duration: ";
    constexpr std::string_view query = "Query Text: ";
    std::vector<plan> found;
    std::istringstream lines(log);
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with('\t')) {
            const auto at = line.find(first);
            inside = line.starts_with(name) && at != std::string::npos && line.ends_with("plan:");
            if (inside) {
                found.push_back({std::stod(line.substr(at + first.size())), {}, {}});
            }
            continue;
        }
        if (!inside) {
            continue;
        }
        auto& p = found.back();
        line.erase(0, line.compare(1, query.size(), query) == 0 ? 1 + query.size() : 1);
        if (p.nodes.empty() && line.find("(cost=") == std::string::npos) {
            p.query += line + '\n';
        } else {
            p.nodes.push_back(line);
        }
    }
    for (auto& p : found) {
        p.query = in_one_line(p.query);
    }
    return found;
}

void write_plans(const fs::path& root, const std::string& how, const std::vector<explained>& all)
{
    std::string table = "| statement | asked by | indexes | ms |\n| --- | --- | --- | ---: |\n";
    std::string plans =
        "# The plans of the statements\n\n" +
        filled(
            "Generated; [DATABASE.md](../../docs/DATABASE.md#what-each-statement-costs) says how "
            "and lists them in a table. The estimates and the sizes of sorts and hashes are left "
            "out of auto_explain's output. `rows` is the number of rows found, `loops` how often "
            "the node ran. The time of a plan is its execution time while every node counts its "
            "rows; it includes the plans of its functions, which come before it.");
    for (const auto& e : all) {
        table += "| [" + e.statement + "](" + plans_file + "#" + anchor(e.statement) + ") | " +
                 e.asked_by + " | " + indexes_of(e) + " | " + milliseconds(e.ms) + " |\n";
        plans += "\n## " + e.statement + "\n\nAsked by: " + e.asked_by + ".\n\n```\n";
        for (const auto& p : once_each(e.plans)) {
            constexpr std::size_t width = 140;
            plans += milliseconds(p.ms) + " ms" +
                     (p.times > 1 ? " in " + std::to_string(p.times) + " times: " : ": ") +
                     (p.query.size() > width ? p.query.substr(0, width) + "…" : p.query) + "\n";
            for (const auto& node : p.nodes) {
                if (worth_printing(node)) {
                    plans += "    " + without_costs(node) + "\n";
                }
            }
        }
        plans += "```\n";
    }
    write(root / "docs" / plans_file, plans);

    const auto database = root / "docs" / "DATABASE.md";
    const std::string page = contents(database);
    write(database,
          page.substr(0, generated_part(page)) + generated + "\n\n" + filled(how) + "\n" + table);
}

std::vector<std::string> statements_of_the_pages(const fs::path& root)
{
    std::vector<std::string> headings;
    const std::string plans = contents(root / "docs" / plans_file);
    static const std::regex heading("\n## ([^\n]+)\n");
    for (std::sregex_iterator it(plans.begin(), plans.end(), heading), end; it != end; ++it) {
        headings.push_back((*it)[1]);
    }
    const std::string page = contents(root / "docs" / "DATABASE.md");
    std::string table = page.substr(generated_part(page));
    for (const auto& statement : headings) {
        const std::string row =
            "\n| [" + statement + "](" + plans_file + "#" + anchor(statement) + ") | ";
        const auto at = table.find(row);
        if (at == std::string::npos) {
            throw std::runtime_error("DATABASE.md has no row" + row);
        }
        table.erase(at, table.find('\n', at + 1) - at);
    }
    if (table.find("\n| [") != std::string::npos) {
        throw std::runtime_error("DATABASE.md has a row without plans:" +
                                 table.substr(table.find("\n| [")));
    }
    return headings;
}
