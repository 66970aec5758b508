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

// What no conversation asks for is an error.
inline walls::db_error absent()
{
    return {walls::db_error_kind::unavailable, "not in this database"};
}

class no_posts final : public db::posts {
public:
    db::answer<std::vector<db::wall_summary>> walls_of(const db::reader&) override
    {
        return absent();
    }
    db::answer<std::vector<db::wall_summary>> walls_read(const db::reader&,
                                                         std::span<const walls::wall_id>) override
    {
        return absent();
    }
    db::answer<db::history> posts_before(const db::reader&, walls::wall_id,
                                         std::optional<walls::entry_id>, std::size_t) override
    {
        return absent();
    }
    db::answer<db::history> search(const db::reader&, const db::search_query&) override
    {
        return absent();
    }
    db::answer<std::int64_t> mark_read(const db::reader&, walls::wall_id, walls::entry_id) override
    {
        return absent();
    }
    std::vector<db::answer<db::written_entry>>
    add_posts(std::span<const db::new_post> group) override
    {
        return std::vector<db::answer<db::written_entry>>(group.size(), absent());
    }
    db::answer<db::written_entry> change_post(const db::post_change&) override { return absent(); }
    db::result<std::size_t> clean_up() override { return absent(); }
};

class no_sign_ins final : public db::sessions {
public:
    explicit no_sign_ins(walls::access_source& data)
        : data_(data)
    {
    }
    db::result<std::vector<walls::identity_ptr>>
    find_identities(std::span<const std::string> tokens) override
    {
        return data_.find_identities(tokens);
    }
    db::result<walls::identity_ptr> find_guest() override { return data_.find_guest(); }
    db::result<std::vector<std::shared_ptr<walls::identity>>>
    find_named(std::span<const db::named>) override
    {
        return absent();
    }
    db::result<std::optional<db::signed_in>> sign_in(const std::string&, const std::string&,
                                                     const std::string&) override
    {
        return absent();
    }
    db::result<bool> sign_out(const std::string&) override { return absent(); }

private:
    walls::access_source& data_;
};

struct no_counters final : db::counter_source {
    db::counters count() const override { return {}; }
    db::call_times times() const override { return {}; }
};

// What the fake database of walls/ knows, as the feed of ours.
class memory_feed final : public db::feed {
public:
    explicit memory_feed(walls::testing::fake_database& data)
        : data_(data)
    {
    }
    db::result<walls::changes> look(std::span<const walls::wall_id> also) override
    {
        return data_.look(also);
    }
    db::result<std::vector<walls::page>> entries_after(std::span<const walls::cursor> cursors,
                                                       const walls::page_limits& most) override
    {
        return data_.entries_after(cursors, most);
    }
    walls::entry_source& older_entries() override { return data_; }

private:
    walls::testing::fake_database& data_;
};

// Listens on an unnamed socket of this process. The clock that matters is out of the way: looks and
// deadlines are hours away.
class served {
public:
    explicit served(fibers::reactor& loop);
    ~served();
    served(const served&) = delete;
    served& operator=(const served&) = delete;

    walls::testing::fake_database& data() { return data_; }
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
    walls::testing::fake_database data_;
    memory_feed feed_{data_};
    no_posts posts_;
    no_sign_ins sessions_{data_};
    no_counters counters_;
    pollster::application application_;
    int listener_ = -1;
};

} // namespace instructions
