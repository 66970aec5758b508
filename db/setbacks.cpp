#include "db/setbacks.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace db {

namespace {

std::string one_line(const char* text)
{
    std::string out = text == nullptr ? "" : text;
    std::ranges::replace(out, '\n', ' ');
    const auto end = out.find_last_not_of(' ');
    out.erase(end == std::string::npos ? 0 : end + 1);
    return out;
}

obstacle obstacle_of(std::string_view sqlstate)
{
    struct rule {
        std::string_view state;
        obstacle kind;
    };
    static constexpr rule rules[] = {
        {"28P01", obstacle::not_let_in},
        {"28000", obstacle::no_such_role},
        {"3D000", obstacle::no_such_database},
        {"42501", obstacle::no_right},
        {"57P03", obstacle::away}, // it is starting
    };
    for (const auto& r : rules) {
        if (r.state == sqlstate) {
            return r.kind;
        }
    }
    return obstacle::other;
}

// "FATAL:  28000: role ..." as the verbose form writes it, after whatever libpq puts before it.
std::string state_in(const std::string& message)
{
    static constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (auto at = message.find(":  "); at != std::string::npos; at = message.find(":  ", at + 1)) {
        const auto state = message.substr(at + 3, 5);
        if (state.size() == 5 && state.find_first_not_of(letters) == std::string::npos &&
            message.substr(at + 8, 2) == ": ") {
            return state;
        }
    }
    return {};
}

// Without the position in PostgreSQL's sources, which the verbose form adds.
std::string sentence_of(const char* libpq)
{
    std::string message = one_line(libpq);
    if (const auto location = message.find(" LOCATION:"); location != std::string::npos) {
        message.erase(location);
    }
    if (const auto state = state_in(message); !state.empty()) {
        const auto at = message.find(":  " + state + ": ");
        message.replace(at, 10, ": ");
    }
    return message.empty() ? "no answer within 30 s" : message;
}

} // namespace

void throw_exception_from_error(const setback& s, const boost::source_location&)
{
    throw std::runtime_error(s.sentence);
}

setback why_not_connected(const char* libpq)
{
    const auto state = state_in(one_line(libpq));
    auto kind = state.empty() ? obstacle::away : obstacle_of(state);
    // 28000 is also a pg_hba.conf that says no, and peer authentication of another account. The
    // function in PostgreSQL tells them apart in every language.
    if (kind == obstacle::no_such_role &&
        std::string_view(libpq).find("InitializeSessionUserId") == std::string_view::npos) {
        kind = obstacle::not_let_in;
    }
    return {kind, sentence_of(libpq)};
}

setback why_refused(const char* sqlstate, const char* libpq)
{
    return {obstacle_of(sqlstate == nullptr ? "" : sqlstate), one_line(libpq)};
}

} // namespace db
