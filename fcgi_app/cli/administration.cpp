#include "fcgi_app/cli/administration.hpp"

#include "db/names.hpp"

#include <algorithm>

namespace pollster::cli {

namespace {

// Characters of UTF-8 text: bytes that begin one.
std::size_t width_of(const std::string& text)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

} // namespace

// Names of an application's tables may hold anything, terminal escapes too.
void print_table(std::ostream& out, std::vector<std::vector<std::string>> rows)
{
    for (auto& row : rows) {
        for (auto& text : row) {
            text = db::shown(text);
        }
    }
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            if (i + 1 < row.size()) {
                line.append(widths[i] - width_of(row[i]) + 2, ' ');
            }
        }
        out << line << '\n';
    }
}

std::string joined(const std::vector<std::string>& texts, const std::string& separator)
{
    std::string out;
    for (const auto& text : texts) {
        out += (out.empty() ? "" : separator);
        out += text;
    }
    return out;
}

} // namespace pollster::cli
