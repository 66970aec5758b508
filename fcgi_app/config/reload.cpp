#include "fcgi_app/config/reload.hpp"

#include "db/names.hpp"
#include "fcgi_app/config/options.hpp"

#include <algorithm>
#include <string_view>

namespace pollster {

namespace {

constexpr std::size_t most_in_a_line = 10;

// As it would be written; an option that is not set has its default.
std::vector<std::string> values_of(const option& o, const loaded& from)
{
    const auto found = from.given.find(o.name);
    if (found != from.given.end()) {
        return found->second;
    }
    return o.default_value.empty() ? std::vector<std::string>{}
                                   : std::vector<std::string>{o.default_value};
}

std::string shown_values(const option& o, const std::vector<std::string>& values)
{
    std::string out;
    for (const auto& value : values) {
        out += (out.empty() ? "" : " ") + db::shown(value);
    }
    return out.empty() ? o.shown_default : out;
}

} // namespace

reload compare_settings(const loaded& in_force, const loaded& read)
{
    reload out;
    out.now = in_force;
    for (const option& o : options()) {
        const auto before = values_of(o, in_force);
        const auto wanted = values_of(o, read);
        if (before == wanted) {
            continue;
        }
        if (!o.reloadable) {
            out.need_restart.push_back(o.name);
            continue;
        }
        out.changed.push_back(o.name + " is " + shown_values(o, wanted) + ", was " +
                              shown_values(o, before));
        const auto given = read.given.find(o.name);
        if (given == read.given.end()) {
            out.now.given.erase(o.name);
        } else {
            out.now.given[o.name] = given->second;
        }
    }
    out.now.settings = settings_of(out.now.given);
    return out;
}

std::string in_a_line(const std::vector<std::string>& parts, std::string_view between)
{
    std::string out;
    for (std::size_t i = 0; i < std::min(parts.size(), most_in_a_line); ++i) {
        out.append(i == 0 ? "" : between).append(parts[i]);
    }
    if (parts.size() > most_in_a_line) {
        out += " and " + std::to_string(parts.size() - most_in_a_line) + " more";
    }
    return out;
}

} // namespace pollster
