// The administrator on PostgreSQL: users and sessions in administration.cpp, walls in
// admin_walls.cpp, the repair in admin_repair.cpp, the check in admin_check.cpp, advice in
// admin_advise.cpp, adoption in admin_adopt.cpp, visitors in admin_visitor.cpp, the demo in
// demo.cpp. Internal to db/.
#pragma once

#include "db/admin.hpp"
#include "db/connection.hpp"

#include <stdexcept>
#include <type_traits>

namespace db {

// Carries a refusal from where a command turns out to be impossible to the end of its transaction.
struct refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class administration final : public administrator {
public:
    explicit administration(const settings& s);

    outcome<walls::user_id> add_user(const std::string& name, const std::string& password) override;
    outcome<void> set_password(const std::string& name, const std::string& password) override;
    outcome<void> disable_user(const std::string& name) override;
    outcome<void> enable_user(const std::string& name) override;
    outcome<std::vector<user_row>> list_users() override;

    outcome<walls::wall_id> add_wall(const std::string& name, const std::string& kind) override;
    outcome<void> rename_wall(const std::string& wall, const std::string& new_name) override;
    outcome<void> remove_wall(const std::string& wall) override;
    outcome<void> open_wall(const std::string& wall, bool open) override;
    outcome<std::vector<wall_row>> list_walls() override;

    outcome<std::size_t> grant(const std::string& wall,
                               const std::vector<std::string>& users) override;
    outcome<std::size_t> revoke(const std::string& wall,
                                const std::vector<std::string>& users) override;

    outcome<std::vector<std::string>> create_sessions(const std::string& user, std::size_t count,
                                                      std::chrono::seconds lifetime) override;
    outcome<std::vector<session_row>> list_sessions(const std::string& user) override;
    outcome<void> revoke_session(const std::string& session) override;
    outcome<std::size_t> revoke_sessions_of(const std::string& user) override;

    outcome<void> restored() override;
    outcome<std::size_t> repair(const std::function<void(const repaired_wall&)>& tell) override;

    outcome<std::vector<std::string>> check() override;
    outcome<std::vector<advice>> advise(std::size_t connections) override;

    outcome<adoption> adopt(bool drafts) override;

    outcome<visitor> add_visitor() override;
    outcome<void> post_as(const visitor& v, const std::string& body) override;
    outcome<void> remove_visitor(const visitor& v) override;

    outcome<std::vector<demo_user>> load_demo() override;

private:
    // One transaction; if `work` throws, it is rolled back and the exception becomes a refusal.
    template <class Work>
    auto at_once(Work work) -> outcome<std::invoke_result_t<Work>>
    {
        using value = std::invoke_result_t<Work>;
        try {
            connection_.exec("begin");
            if constexpr (std::is_void_v<value>) {
                work();
                connection_.exec("commit");
                return {};
            } else {
                value v = work();
                connection_.exec("commit");
                return v;
            }
        } catch (const refused& e) {
            undo();
            return refusal{e.what()};
        } catch (const std::exception& e) {
            undo();
            return refusal{why(e)};
        }
    }
    static std::string why(const std::exception& e);
    // Refused unless the view lies over Pollster's own table of this name and over nothing else:
    // through the view of an application a command would change, or delete, the application's rows.
    void own(const std::string& view);
    // Refused if to end a session would delete a user, because both are one row.
    void sessions_may_end();
    void undo() noexcept;

    // The name as it is stored; refused if it is not allowed (db/names.hpp).
    static std::string checked_name(const std::string& what, const std::string& name);
    // Refuses a name that belongs to anybody but `except`, or that looks like such a name. `what`:
    // user or wall.
    void check_for_twins(const std::string& what, const std::string& name, std::int64_t except);
    static const std::string& checked_password(const std::string& password);
    std::int64_t id_named(const std::string& view, const std::string& what, const std::string& name,
                          const std::string& instead);
    std::int64_t user_named(const std::string& name);
    std::int64_t wall_named(const std::string& name);
    std::string ids_of(const std::vector<std::string>& users);
    std::size_t end_sessions(std::int64_t user);

    circuit_breaker database_;
    meters meters_;
    connection connection_;
};

} // namespace db
