// Entries older than the recent ones, for clients that were away: read from the source, for all who
// ask at the same moment in one statement. Thread of the event loop only; after() blocks the
// calling fiber.
#pragma once

#include "fibers/batcher.hpp"
#include "walls/sources.hpp"

#include <cstddef>

namespace walls {

class backlog {
public:
    // `page_entries`: entries of a wall in one answer.
    backlog(feed_source& source, std::size_t page_entries);

    result<page> after(const cursor& last);

private:
    fibers::batcher<cursor, result<page>> batch_;
};

} // namespace walls
