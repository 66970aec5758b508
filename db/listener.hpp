// Hints that something has changed, by LISTEN/NOTIFY: "look sooner". A hint may be lost, come twice
// or come early; the regular look is the guarantee.
#pragma once

#include "db/settings.hpp"
#include "walls/ids.hpp"

#include <functional>
#include <memory>

namespace db {

class listener {
public:
    // Called on the listener's own thread; the owner hands them over to its event loop. They must
    // not throw or block for long.
    struct events {
        // This wall has a new entry, committed by that process of PostgreSQL
        // (database::is_own_backend).
        std::function<void(walls::wall_id, int)> wall;
        std::function<void(walls::user_id)>
            access; // sessions, memberships or state of this user changed
        // true: hints arrive from now on, so look once now for what was missed before. false: hints
        // may be missing from now on. It begins as false; called only when it changes.
        std::function<void(bool)> up;
    };

    // Returns at once. Connects to `settings::database` with back-off until it works, and again
    // whenever the connection breaks.
    listener(const settings& s, events e);
    ~listener(); // stops the thread, within a second
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

private:
    class loop;
    std::unique_ptr<loop> loop_;
};

} // namespace db
