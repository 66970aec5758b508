#include "db/database.hpp"

#include "db/postgres_feed.hpp"
#include "db/postgres_posts.hpp"
#include "db/postgres_sessions.hpp"

namespace db {

struct database::parts {
    explicit parts(const settings& s)
        : options(s)
        , open(options)
        , looked(options.schema_asked_every)
        , reading(open, looked)
        , feed(open, looked, reading)
        , sessions(open, options)
        , posts(open, looked, reading, options.page_bytes)
    {
    }

    const settings options;
    pools open;
    look looked;
    reads reading;
    postgres_feed feed;
    postgres_sessions sessions;
    postgres_posts posts;
};

database::database(const settings& s)
    : parts_(std::make_unique<parts>(s))
{
}

database::~database()
{
    give_up();
}

feed& database::feed()
{
    return parts_->feed;
}

sessions& database::sessions()
{
    return parts_->sessions;
}

posts& database::posts()
{
    return parts_->posts;
}

void database::give_up()
{
    parts_->open.deadlines.give_up();
}

counters database::count() const
{
    const meters& m = parts_->open.meters;
    counters c;
    c.statements = m.statements;
    c.connects = m.connects;
    c.failures = m.failures;
    c.given_up = m.given_up;
    c.waiting = parts_->open.waiting();
    c.waiting_sign_ins = parts_->sessions.waiting();
    c.password_work = parts_->sessions.password_work();
    c.schema = parts_->looked.schema();
    c.histories_cut = parts_->looked.histories_cut();
    c.unreadable = m.unreadable;
    const std::lock_guard lock(m.mutex);
    c.unreadable_why = m.unreadable_why;
    return c;
}

call_times database::times() const
{
    return parts_->open.meters.times.times();
}

bool database::is_own_backend(int pid) const
{
    return parts_->open.meters.own.contains(pid);
}

} // namespace db
