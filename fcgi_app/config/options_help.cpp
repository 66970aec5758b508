// What people read and type of the options: flags, variables, near misses, --help.
#include "fcgi_app/config/options.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace pollster {

namespace {

// Damerau's distance without transpositions, enough for "poll_second".
std::size_t edits_between(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
        }
    }
    return row.back();
}

std::string wrapped(std::string_view sentence, std::size_t indent, std::size_t width)
{
    std::string out;
    std::size_t column = width; // begins a line at once
    while (!sentence.empty()) {
        const auto word = sentence.substr(0, sentence.find(' '));
        sentence.remove_prefix(std::min(sentence.size(), word.size() + 1));
        if (column + 1 + word.size() > width) {
            out += (out.empty() ? "" : "\n") + std::string(indent, ' ');
            column = indent;
        } else {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
    }
    return out + "\n";
}

} // namespace

option option::reloads() &&
{
    reloadable = true;
    return std::move(*this);
}

std::string option::flag() const
{
    std::string out = "--" + name;
    std::ranges::replace(out, '_', '-');
    return out;
}

std::string option::variable() const
{
    std::string out = "POLLSTER_" + name;
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
    return out;
}

const option* nearest_option(std::string_view mistyped)
{
    const auto found = std::ranges::min_element(
        options(), {}, [&](const option& o) { return edits_between(mistyped, o.name); });
    return edits_between(mistyped, found->name) <= 3 ? &*found : nullptr;
}

std::string options_help()
{
    std::string out;
    for (const option& o : options()) {
        out += "  " + o.flag() + "  (" + o.unit + (o.range.empty() ? "" : ", " + o.range) +
               "; default: " + o.shown_default + ")\n";
        out += wrapped(o.description + "." + (o.reloadable ? "" : " Needs a restart."), 6, 100);
    }
    return out;
}

} // namespace pollster
