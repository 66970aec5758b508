// Posts as their readers and authors ask for them: history, search, lists of walls, read marks, and
// adding or changing a post. Called from fibers; each call runs on a worker thread and blocks only
// the calling fiber. Every question of a user checks the session and the membership
// (db/answer.hpp).
#pragma once

#include "db/answer.hpp"
#include "walls/entry.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace db {

struct wall_summary {
    walls::wall_id id{};
    std::string name;
    std::string kind; // "chat", "board" or "notices"
    walls::entry_id newest{};
    walls::wall_epoch epoch{};
    std::int64_t unread = 0; // posts of others above the read mark, 1,000 at most
    walls::entry_id read{};  // the mark; 0: none
};

struct history {
    std::vector<walls::entry> posts;       // ascending, current state
    std::optional<walls::entry_id> before; // where the next older page ends (exclusive); none left
    walls::entry_id newest{};              // of the same snapshot
    walls::wall_epoch epoch{};
};

struct search_query {
    walls::wall_id wall{};
    std::string words; // what docs/PROTOCOL.md calls q; UTF-8, no NUL
    std::optional<walls::entry_id> before;
    std::size_t limit = 50;
};

struct new_post {
    walls::wall_id wall{};
    reader author;
    std::string body;       // checked by the caller: 1..65,536 bytes of UTF-8, no NUL
    std::string client_key; // empty: none
    // refresher::access_known() when this was sent, for written_entry::access_changed.
    std::string access_known{};
};

struct post_change {
    walls::wall_id wall{};
    reader author;
    walls::post_id post{};
    std::optional<std::string> body; // as new_post::body, so not empty; none: delete the post
    std::string access_known{};      // as new_post::access_known
};

// The entry of a post, an edit or a deletion.
struct written_entry {
    walls::entry entry;
    // False: there was nothing to do, and nothing was done. This client_key was posted before, or
    // the post had that text already or was deleted by this user already; `entry` tells of then, or
    // is the newest one of the post.
    bool is_new = true;
    walls::wall_epoch epoch{}; // of the wall, in a snapshot that has the entry; 0: not known
    // Of a new one: sessions, memberships or users changed since `access_known`, and that was
    // committed before this entry. Then only a look, which finds out whose access it is, may hand
    // the entry out. True in doubt.
    bool access_changed = true;
    // When this process heard of the commit; max: not known.
    std::chrono::steady_clock::time_point committed = std::chrono::steady_clock::time_point::max();
};

class posts {
public:
    virtual ~posts() = default;

    virtual answer<std::vector<wall_summary>> walls_of(const reader& asker) = 0;
    // The same of who may only read: those of `walls` that are his to see. No mark, nothing unread.
    virtual answer<std::vector<wall_summary>> walls_read(const reader& asker,
                                                         std::span<const walls::wall_id> walls) = 0;
    virtual answer<history> posts_before(const reader& asker, walls::wall_id wall,
                                         std::optional<walls::entry_id> before,
                                         std::size_t limit) = 0;
    // Posts with these words, newest last.
    virtual answer<history> search(const reader& asker, const search_query& wanted) = 0;
    // The mark afterwards: it never goes back, and not above the newest entry.
    virtual answer<std::int64_t> mark_read(const reader& asker, walls::wall_id wall,
                                           walls::entry_id entry) = 0;

    // At least one post, of any walls, in one transaction and on each wall in this order; one that
    // is refused does not stop the others. An answer a post: a written_entry is committed. After a
    // db_error the post may be committed or not; posting it with the same client_key tells. Routes
    // post through db/post_groups.hpp.
    virtual std::vector<answer<written_entry>> add_posts(std::span<const new_post> group) = 0;
    answer<written_entry> add_post(const new_post& post)
    {
        return std::move(add_posts({&post, 1}).front());
    }

    // A written_entry is committed. After a db_error the change may be committed or not; the same
    // change again tells.
    virtual answer<written_entry> change_post(const post_change& change) = 0;

    // Deletes what has had its time: client keys after 24 h, expired sessions, notes about access
    // that every process has seen. Returns how many rows. Cheap when there is nothing to delete;
    // meant to be called about once an hour.
    virtual result<std::size_t> clean_up() = 0;
};

} // namespace db
