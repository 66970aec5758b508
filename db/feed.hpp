// The walls' feed as the database keeps it: which walls have news, and the entries. Called from
// fibers; blocks only the calling fiber.
#pragma once

#include "walls/sources.hpp"

namespace db {

// look() and entries_after() have a connection of their own, which nothing that clients ask for can
// delay: entries_after() is for the entries that the look has just reported.
class feed : public walls::feed_source {
public:
    // Entries for clients that were away. They come by the connections for reads, from the replica
    // if there is one.
    virtual walls::entry_source& older_entries() = 0;
};

} // namespace db
