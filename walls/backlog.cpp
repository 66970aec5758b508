#include "walls/backlog.hpp"

namespace walls {

namespace {
constexpr std::size_t cursors_a_statement = 100;
}

backlog::backlog(feed_source& source, std::size_t page_entries)
    : batch_(cursors_a_statement, [&source, page_entries](std::span<const cursor> cursors) {
        auto pages = source.entries_after(cursors, page_entries);
        if (!pages) {
            return std::vector<result<page>>(cursors.size(), result<page>(pages.error()));
        }
        return std::vector<result<page>>(pages->begin(), pages->end());
    })
{
}

result<page> backlog::after(const cursor& last)
{
    return batch_.ask(last);
}

} // namespace walls
