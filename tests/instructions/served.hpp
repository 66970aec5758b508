// The real server in this thread, on a database in memory: everything but the kernel and
// PostgreSQL, so that the instructions of a conversation are the same in every run. Fibers of one
// thread, under fibers::scheduler.
#pragma once

#include "fcgi_app/application.hpp"
#include "fibers/descriptor.hpp"
#include "tests/walls/fakes.hpp"

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
    std::size_t parked() const { return application_.hub().count().parked; }
    std::size_t clients() const { return application_.hub().count().clients; }
    std::size_t connections() const { return application_.connections(); }
    void hint() { application_.hub().hint(); } // something was committed

    std::unique_ptr<fibers::descriptor> connect();
    // Lets everything else run, turn by turn, until `condition` holds.
    void until(const std::function<bool()>& condition);

private:
    static pollster::config settings();

    fibers::reactor& loop_;
    const pollster::config config_ = settings();
    memory_store store_;
    pollster::application application_;
    int listener_ = -1;
};

} // namespace instructions
