#include "db/postgres_sessions.hpp"

#include "passwords/hash.hpp"

#include <algorithm>
#include <functional>
#include <string>

namespace db {
namespace {

fibers::asker asker_at(const std::string& address)
{
    return address.empty() ? fibers::nobody : std::hash<std::string>{}(address) | 1U;
}

} // namespace

postgres_sessions::postgres_sessions(pools& over, const settings& s)
    : pools_(over)
    , settings_(s)
    , passwords_(std::max<std::size_t>(s.password_threads, 1),
                 {.waiting = s.waiting_sign_ins, .waiting_of_one = (s.waiting_sign_ins + 1) / 2},
                 fibers::worker_threads::priority::last)
{
}

result<std::vector<walls::identity_ptr>>
postgres_sessions::find_identities(std::span<const std::string> tokens)
{
    return pools_.sessions.read(call::identities, fibers::nobody, [&](connection& conn) {
        return db::find_identities(conn, tokens);
    });
}

result<walls::identity_ptr> postgres_sessions::find_guest()
{
    return pools_.sessions.read(call::identities, fibers::nobody,
                                [&](connection& conn) { return db::find_guest(conn); });
}

result<std::vector<std::shared_ptr<walls::identity>>>
postgres_sessions::find_named(std::span<const named> who)
{
    return pools_.sessions.read(call::identities, fibers::nobody,
                                [&](connection& conn) { return db::find_named(conn, who); });
}

result<std::optional<signed_in>> postgres_sessions::sign_in(const std::string& name,
                                                            const std::string& password,
                                                            const std::string& from)
{
    const auto asker = asker_at(from);
    if (passwords_.waiting() >= settings_.waiting_sign_ins) {
        return too_busy(fibers::refusal::full); // without a question that would be in vain
    }
    const auto stored = pools_.sign_ins.read(
        call::password, asker, [&](connection& conn) { return db::password_of(conn, name); });
    if (!stored) {
        return stored.error();
    }
    const auto fits = verify(asker, password, *stored);
    if (!fits) {
        return fits.error();
    }
    if (!*fits) {
        return std::optional<signed_in>();
    }
    return pools_.sign_ins.write(call::sign_in, asker_of(stored->user), [&](connection& conn) {
        return db::add_session(conn, *stored, settings_.session_lifetime,
                               settings_.max_sessions_per_user);
    });
}

result<bool> postgres_sessions::sign_out(const std::string& session_id)
{
    return pools_.sign_ins.write(call::sign_out, fibers::nobody,
                                 [&](connection& conn) { return db::sign_out(conn, session_id); });
}

result<bool> postgres_sessions::verify(fibers::asker from, const std::string& password,
                                       const stored_password& stored)
{
    if (!stored.hash.empty() && !passwords::work_of(stored.hash)) {
        settings_.warn("the password of user " + std::to_string(number(stored.user)) +
                       " is stored in a way that is not verified here, sign-in refused");
    }
    const auto done = passwords_.run(from, [&](std::size_t) {
        if (pools_.deadlines.gave_up()) {
            return false; // the program stops, nobody hears the answer
        }
        password_work_ +=
            passwords::work_of(passwords::to_run(stored.hash, stored.stand_in)).value_or(0);
        return passwords::verify(password, stored.hash, stored.stand_in) && !stored.disabled;
    });
    if (!done) {
        return too_busy(done.error());
    }
    return *done;
}

} // namespace db
