// Sessions on PostgreSQL; passwords are verified here, on threads that run when nothing else does.
// Internal to db/.
#pragma once

#include "db/pools.hpp"
#include "db/queries.hpp"
#include "db/sessions.hpp"
#include "db/settings.hpp"
#include "fibers/worker_threads.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace db {

class postgres_sessions final : public sessions {
public:
    postgres_sessions(pools& over, const settings& s);

    result<std::vector<walls::identity_ptr>>
    find_identities(std::span<const std::string> tokens) override;
    result<walls::identity_ptr> find_guest() override;
    result<std::vector<std::shared_ptr<walls::identity>>>
    find_named(std::span<const named> who) override;
    result<std::optional<signed_in>> sign_in(const std::string& name, const std::string& password,
                                             const std::string& from) override;
    result<bool> sign_out(const std::string& session_id) override;

    std::size_t waiting() const { return passwords_.waiting(); }   // sign-ins; any thread
    std::uint64_t password_work() const { return password_work_; } // any thread

private:
    result<bool> verify(fibers::asker from, const std::string& password,
                        const stored_password& stored);

    pools& pools_;
    const settings& settings_;
    std::atomic<std::uint64_t> password_work_{0};
    fibers::worker_threads passwords_; // last: its threads use everything above
};

} // namespace db
