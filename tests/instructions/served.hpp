// The real server in this thread, on a database in memory: everything but the kernel and
// PostgreSQL, so that the instructions of a conversation are the same in every run. Fibers of one
// thread, under fibers::scheduler.
#pragma once

#include "fcgi_app/answer_budget.hpp"
#include "fcgi_app/fastcgi/server.hpp"
#include "fcgi_app/routes/poll_in_progress.hpp"
#include "fcgi_app/server_observer.hpp"
#include "fibers/descriptor.hpp"
#include "tests/walls/fakes.hpp"

#include <boost/fiber/fiber.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace instructions {

// Everything in memory; what no conversation asks for is an error.
class memory_store final : public db::store {
public:
    walls::testing::fake_database data;

    walls::result<walls::changes> look(std::span<const walls::wall_id> also) override
    {
        return data.look(also);
    }
    walls::result<std::vector<walls::page>> entries_after(std::span<const walls::cursor> cursors,
                                                          const walls::page_limits& most) override
    {
        return data.entries_after(cursors, most);
    }
    walls::result<std::vector<walls::identity_ptr>>
    find_identities(std::span<const std::string> tokens) override
    {
        return data.find_identities(tokens);
    }
    walls::result<std::optional<db::signed_in>> sign_in(const std::string&, const std::string&,
                                                        const std::string&) override
    {
        return absent();
    }
    walls::result<bool> sign_out(const std::string&) override { return absent(); }
    walls::result<db::allowed<std::vector<db::wall_summary>>> walls_of(const db::reader&) override
    {
        return absent();
    }
    walls::result<db::allowed<db::history>> posts_before(const db::reader&, walls::wall_id,
                                                         std::optional<walls::entry_id>,
                                                         std::size_t) override
    {
        return absent();
    }
    walls::result<db::allowed<std::int64_t>> mark_read(const db::reader&, walls::wall_id,
                                                       walls::entry_id) override
    {
        return absent();
    }
    std::vector<walls::result<db::post_outcome>>
    add_posts(std::span<const db::new_post> posts) override
    {
        return std::vector<walls::result<db::post_outcome>>(posts.size(), absent());
    }
    walls::result<db::allowed<db::history>> search(const db::reader&,
                                                   const db::search_query&) override
    {
        return absent();
    }
    walls::entry_source& older_entries() override { return data; }
    walls::result<db::change_outcome> change_post(const db::post_change&) override
    {
        return absent();
    }
    walls::result<std::size_t> clean_up() override { return absent(); }
    void give_up() override {}
    db::counters count() const override { return {}; }
    bool is_own_backend(int) const override { return false; }

private:
    static walls::db_error absent()
    {
        return {walls::db_error_kind::unavailable, "not in this database"};
    }
};

// Listens on an unnamed socket of this process. The clock that matters is out of the way: looks and
// deadlines are hours away.
class served {
public:
    explicit served(fibers::reactor& loop);
    ~served();
    served(const served&) = delete;
    served& operator=(const served&) = delete;

    walls::testing::fake_database& data() { return store_.data; }
    std::size_t parked() const { return parking_.parked_now(); }
    std::size_t clients() const { return presence_.clients(); }
    std::size_t connections() const { return server_.connections(); }
    void hint() { refresher_.hint(); } // something was committed

    std::unique_ptr<fibers::descriptor> connect();
    // Lets everything else run, turn by turn, until `condition` holds.
    void until(const std::function<bool()>& condition);

private:
    static fastcgi::limits allowed();

    fibers::reactor& loop_;
    const routes::settings route_settings_{.poll_time = std::chrono::hours(2),
                                           .poll_spread = std::chrono::hours(1),
                                           .max_parked_per_user = 0};
    const http::cors cors_{{}};
    fibers::stack_pool request_stacks_{std::size_t{128} * 1024};
    fibers::stack_pool parked_stacks_{std::size_t{16} * 1024};
    fibers::fiber_pool<routes::poll_in_progress> parked_fibers_{parked_stacks_,
                                                                routes::poll_in_progress::park};
    routes::metrics metrics_;
    std::minstd_rand random_{1};
    routes::rate_limits rate_limits_{routes::rate_settings::none(), metrics_};
    memory_store store_;
    walls::presence presence_;
    walls::global_hash hash_;
    walls::answer_room room_{std::size_t{1} << 27};
    fibers::step_gate steps_;
    walls::recent_entries recent_{{}};
    walls::parking parking_{hash_, presence_, std::chrono::hours(1)};
    walls::access_cache access_{store_};
    walls::refresher refresher_;
    walls::backlog backlog_;
    db::post_groups posting_;
    routes::services services_;
    pollster::server_observer observer_{allowed(), metrics_};
    pollster::answer_budget unsent_{room_};
    fastcgi::server server_;
    int listener_ = -1;
    std::vector<boost::fibers::fiber> jobs_;
};

} // namespace instructions
