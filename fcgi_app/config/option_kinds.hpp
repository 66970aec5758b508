// How a row of the option table (options.cpp) is made: a number, a choice of words, a text. Each
// takes its default from the part that defines the member. Internal to fcgi_app/config.
#pragma once

#include "fcgi_app/config/option.hpp"
#include "text/number.hpp"

#include <chrono>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace pollster::option_kinds {

using verdict = std::optional<std::string>; // a sentence, or none when all is well

// A member of the config: config& -> T&. Its default is the one that the part gives it.
template <class Where>
using member_of = std::remove_reference_t<std::invoke_result_t<Where, config&>>;

// A member of a part: at(&config::database, &db::settings::notify).
template <class... Path>
auto at(Path... path)
{
    return [=](config& c) -> auto& { return (c.*....*path); };
}

template <class Where>
member_of<Where> default_of(Where where)
{
    config fresh;
    return where(fresh);
}

// A whole number within [low, high]. `Unit`: the duration that one of it is, if the member is kept
// in another.
template <class Unit = void, class Where>
option number(std::string name, Where where, std::string unit, std::int64_t low, std::int64_t high,
              std::string description)
{
    using member = member_of<Where>;
    using one = std::conditional_t<std::is_void_v<Unit>, member, Unit>;
    option o;
    o.name = std::move(name);
    o.unit = std::move(unit);
    if constexpr (std::is_integral_v<member>) {
        o.default_value = std::to_string(default_of(where));
    } else {
        o.default_value =
            std::to_string(std::chrono::duration_cast<one>(default_of(where)).count());
    }
    o.shown_default = o.default_value;
    o.range = std::to_string(low) + " to " + std::to_string(high);
    o.description = std::move(description);
    o.set = [where, range = o.range, low, high](config& c, const std::string& given) -> verdict {
        const auto value = text::parse_number<std::int64_t>(given, low, high);
        if (!value) {
            return "a whole number from " + range + " is expected, not \"" + given + "\"";
        }
        where(c) = static_cast<member>(static_cast<one>(*value));
        return std::nullopt;
    };
    return o;
}

// One of a few words, each of which stands for a value.
template <class Where>
option choice(std::string name, Where where, std::string unit,
              std::vector<std::pair<std::string, member_of<Where>>> words, std::string description)
{
    option o;
    o.name = std::move(name);
    o.unit = std::move(unit);
    for (const auto& [word, value] : words) {
        if (value == default_of(where)) {
            o.default_value = o.shown_default = word;
        }
    }
    o.description = std::move(description);
    o.set = [where, words = std::move(words)](config& c, const std::string& text) -> verdict {
        std::string all;
        for (const auto& [word, value] : words) {
            if (word == text) {
                where(c) = value;
                return std::nullopt;
            }
            all += (all.empty() ? "" : word == words.back().first ? " or " : ", ") + word;
        }
        return all + " is expected, not \"" + text + "\"";
    };
    return o;
}

template <class Where>
option flag(std::string name, Where where, std::string description)
{
    return choice(std::move(name), where, "on or off", {{"on", true}, {"off", false}},
                  std::move(description));
}

// `empty`: what no text means.
template <class Where>
option text(std::string name, Where where, std::string unit, std::string description,
            std::string empty = {})
{
    option o;
    o.name = std::move(name);
    o.unit = std::move(unit);
    o.default_value = default_of(where);
    o.shown_default = o.default_value.empty() ? std::move(empty) : o.default_value;
    o.description = std::move(description);
    o.set = [where](config& c, const std::string& value) -> verdict {
        where(c) = value;
        return std::nullopt;
    };
    return o;
}

// Without a default value of its own: `shown_default` says what then.
inline option custom(std::string name, std::string unit, std::string shown_default,
                     std::string description, verdict (*set)(config&, const std::string&))
{
    option o;
    o.name = std::move(name);
    o.unit = std::move(unit);
    o.shown_default = std::move(shown_default);
    o.description = std::move(description);
    o.set = set;
    return o;
}

} // namespace pollster::option_kinds
