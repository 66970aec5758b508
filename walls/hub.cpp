#include "walls/hub.hpp"

#include <algorithm>

namespace walls {

namespace {

// fibers/README.md says how this was measured.
constexpr std::size_t parked_stack_bytes = std::size_t{16} * 1024;
// Idle fibers are the warm reserve of small stacks, with one page each: so many stay.
constexpr std::size_t idle_fibers = 128;

} // namespace

hub::hub(const surroundings& s, const settings& chosen)
    : surroundings_(s)
    , settings_(chosen)
    , parked_stacks_(parked_stack_bytes)
    , recent_(chosen.recent)
    , parking_(hash_, presence_, chosen.look)
    , access_(s.access)
    , refresher_({s.feed, hash_, recent_, access_, presence_, parking_}, chosen.refresh)
    , backlog_({s.older, hash_, recent_, s.room, s.steps}, chosen.backlog)
{
}

hub::~hub() = default;

void hub::start()
{
    jobs_.emplace_back([this] { refresher_.run(); });
    jobs_.emplace_back([this] { parking_.run(); });
}

void hub::change(const settings& chosen)
{
    settings_ = chosen;
    recent_.change(chosen.recent);
    parking_.change(chosen.look);
    refresher_.change(chosen.refresh);
    backlog_.change(chosen.backlog);
}

void hub::drain()
{
    draining_ = true;
    parked_fibers_.stop();
    surroundings_.room.drain();
    presence_.wake_all(woken::stopping);
}

void hub::stop()
{
    refresher_.stop();
    parking_.stop();
    for (auto& job : jobs_) {
        job.join();
    }
    jobs_.clear();
}

result<identity_ptr> hub::authenticate(std::span<const std::string> tokens)
{
    return access_.find_any(tokens, refresher_.looks_succeed());
}

result<identity_ptr> hub::authenticate_guest()
{
    return access_.find_guest(refresher_.looks_succeed());
}

result<identity_ptr> hub::ask_again(const identity& who)
{
    return who.by == grounds::open_walls ? authenticate_guest() : authenticate({&who.token, 1});
}

bool hub::still_valid(const identity_ptr& who) const
{
    return who->ends > std::chrono::steady_clock::now() && access_.holds(who);
}

hub::before_post hub::about_to_publish() const
{
    return {refresher_.access_known(), recent_.outdated()};
}

void hub::published(const refresher::own_entry& own)
{
    refresher_.posted(own);
}

void hub::publishing_failed(const db_error& why)
{
    refresher_.posting_failed(why);
}

void hub::hint()
{
    refresher_.hint();
}

void hub::hints_arrive(bool yes)
{
    refresher_.hints_arrive(yes);
}

void hub::access_changed(user_id user)
{
    access_.forget(user);
    presence_.wake(user, woken::access_changed);
}

void hub::forget(const std::string& token)
{
    access_.forget(token);
}

void hub::keys_changed()
{
    access_.forget_signed();
    presence_.wake_all(woken::access_changed); // a session's are still valid, and park again
}

result<void> hub::catch_up(std::span<const cursor> local, fibers::steady_time read_at)
{
    return refresher_.catch_up(local, read_at);
}

result<void> hub::look_again(std::span<const cursor> local)
{
    return refresher_.look_again(local);
}

comparison hub::compare(std::span<cursor> local) const
{
    return walls::compare(local, hash_, recent_, settings_.backlog);
}

std::size_t hub::room_for(std::span<const cursor> local) const
{
    return backlog_.room_for(behind(local, hash_));
}

answer_room::share hub::take_room(user_id user, std::size_t bytes)
{
    return surroundings_.room.take(user, bytes, answer_room::patience::until_drained);
}

result<backlog_answer> hub::read_backlog(std::span<const cursor> local, bool looked_again)
{
    return walls::read_backlog(local, looked_again, hash_, backlog_);
}

hub::admission hub::admit(user_id user)
{
    if (!has_place()) {
        return admission::full;
    }
    if (user == walls::guest) {
        return parking_.guests_now() < places_of_guests() ? admission::granted
                                                          : admission::full_of_guests;
    }
    if (const auto most = settings_.max_parked_per_user; most > 0) {
        // Most likely pages that nobody looks at.
        beyond_user_limit_ += presence_.make_room(user, most);
    }
    return admission::granted;
}

std::size_t hub::places_of_guests() const
{
    return settings_.max_parked_guests > 0 ? settings_.max_parked_guests
                                           : std::max<std::size_t>(1, settings_.max_parked / 4);
}

woken hub::park(parked& place, fibers::steady_time deadline)
{
    return parking_.park(place, deadline);
}

void hub::every_second(fibers::steady_time now)
{
    parked_fibers_.trim(idle_fibers);
    parked_stacks_.trim(0);
    backlog_.forget_old(now);
}

void hub::sweep()
{
    access_.sweep();
}

hub::counters hub::count() const
{
    counters c;
    c.clients = presence_.clients();
    c.parked = parking_.parked_now();
    c.parked_guests = parking_.guests_now();
    c.walls = hash_.known();
    c.sessions = access_.size();
    c.recent_bytes = recent_.bytes();
    c.session_hits = access_.hits();
    c.session_misses = access_.misses();
    c.wall_loads = refresher_.wall_loads();
    c.parked_beyond_user_limit = beyond_user_limit_;
    return c;
}

} // namespace walls
