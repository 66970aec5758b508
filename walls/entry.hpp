// One numbered event of a wall's feed, and its JSON (docs/PROTOCOL.md, "Entry"). Any thread.
#pragma once

#include "walls/ids.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walls {

struct entry {
    entry_id id{};
    post_id post{};
    std::string kind; // "post", "edit" or "delete"
    user_id user{};
    std::string user_name;
    std::optional<std::string> body; // none: deleted
    std::string created_at;          // "2026-01-02T03:04:05.678Z", UTC, as PostgreSQL formats it
    std::optional<std::string> edited_at; // likewise
    std::optional<std::string> extra; // JSON of the application's own; none: it has no such column
};

// The entry as JSON text. The body is valid UTF-8 because PostgreSQL stores nothing else.
std::string to_json(const entry& e);

// Entries of one wall after a cursor, ascending. `more`: a limit was reached before the newest
// entry; of a wall for which no room was left in the read, before the first. `newest`, `epoch`: the
// wall's head in the same snapshot.
struct page {
    wall_id wall{};
    std::vector<entry> entries;
    bool more = false;
    entry_id newest{};
    wall_epoch epoch{};
};

} // namespace walls
