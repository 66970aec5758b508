// What the database answered, in the words of tests.
#pragma once

#include "db/posts.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

// The entry that was written, or that was known; anything else throws.
inline db::written_entry written(const db::answer<db::written_entry>& a)
{
    return a.value().is_new ? a.value() : throw std::runtime_error("nothing was written");
}
inline db::written_entry known(const db::answer<db::written_entry>& a)
{
    return a.value().is_new ? throw std::runtime_error("it was written anew") : a.value();
}

inline bool is_written(const db::answer<db::written_entry>& a)
{
    return a && a->is_new;
}
inline bool is_known(const db::answer<db::written_entry>& a)
{
    return a && !a->is_new;
}

// Why the database does not take it; none: it was another answer.
inline std::optional<std::string> why_unacceptable(const db::answer<db::written_entry>& a)
{
    return is_denied(a, db::denied::unacceptable) ? std::optional(a.error().why) : std::nullopt;
}

// "created 5 hello", "known 5 hello", "conflict", "forbidden", "unacceptable" or "error".
inline std::string text_of(const db::answer<db::written_entry>& a)
{
    if (a) {
        return std::string(a->is_new ? "created " : "known ") +
               std::to_string(number(a->entry.id)) + " " + a->entry.body.value_or("-");
    }
    if (db::error_of(a)) {
        return "error";
    }
    return why_unacceptable(a)                    ? "unacceptable"
           : is_denied(a, db::denied::key_in_use) ? "conflict"
                                                  : "forbidden";
}

// For the message of an assertion: why there is no value.
template <class T>
std::string why_not(const db::answer<T>& a)
{
    return a ? "" : a.error().no ? "denied " + a.error().why : a.error().why;
}
