// The database of a server: opens the connections, by purpose, and owns the three parts that ask
// over them. The parts are interfaces of their own, so that whoever needs only one depends only on
// that one. Administration is apart (db/admin.hpp): it has one connection and no fibers.
#pragma once

#include "db/counters.hpp"
#include "db/settings.hpp"

#include <memory>

namespace db {

class feed;
class posts;
class sessions;

class database final : public counter_source {
public:
    // Connects lazily: a database that is down at start is an error at the first call, not an
    // exception here. Throws std::invalid_argument for a connection string that libpq cannot read.
    explicit database(const settings& s);
    ~database() override; // give_up(), then waits for the calls under way
    database(const database&) = delete;
    database& operator=(const database&) = delete;

    // They live as long as this object. Fibers of one event loop, or threads without a scheduler.
    db::feed& feed();
    db::sessions& sessions();
    db::posts& posts();

    // The program stops: from now on every call fails at once, also those under way, whatever the
    // database does. Any thread.
    void give_up();
    counters count() const override; // any thread
    call_times times() const override;
    // Is that the process of PostgreSQL that serves one of these connections? Any thread.
    bool is_own_backend(int pid) const;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

} // namespace db
