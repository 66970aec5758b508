// What is read from a Last-Event-ID is what was written into an id.
#include "fcgi_app/http/event_stream.hpp"
#include "fcgi_app/http/poll_request.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>

namespace fuzz {

void event_id(std::string_view input)
{
    const auto cursors = http::parse_cursors(input);
    if (!cursors) {
        return;
    }
    must(cursors->size() <= http::max_walls, "no more walls than a poll may have");
    must(std::is_sorted(cursors->begin(), cursors->end(),
                        [](const auto& a, const auto& b) { return a.wall < b.wall; }),
         "ascending by wall");
    std::string written;
    http::append_cursors(written, *cursors);
    const auto again = http::parse_cursors(written);
    must(again && again->size() == cursors->size(), "all of it is read again");
    for (std::size_t i = 0; i < cursors->size(); ++i) {
        const auto& a = (*cursors)[i];
        const auto& b = (*again)[i];
        must(a.wall == b.wall && a.last == b.last && a.epoch == b.epoch, "the same cursor");
        must(walls::number(a.wall) > 0 && walls::number(a.last) >= 0, "in range");
    }
}

} // namespace fuzz
