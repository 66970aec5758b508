// What stands around a route in a test: the peer of a request, and the parts of the database that
// walls/ does not ask. Each notes what it is told or asked, and does what the test says.
#pragma once

#include "db/counters.hpp"
#include "db/posts.hpp"
#include "db/sessions.hpp"
#include "fcgi_app/fastcgi/exchange.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace routes::testing {

// What the client at the other end has seen of one answer, and how it behaves. Outlives the
// exchange.
struct client {
    std::string head;
    std::string body;
    std::size_t flushed = 0; // of body
    bool ended = false;      // by end()
    bool abandoned = false;  // the exchange was destroyed before that
    bool full = false;       // reads slowly: wait_until_it_reads() waits once
    bool gone = false;
    std::function<void()> during_wait = [] {}; // of wait_until_it_reads()
    std::function<void()> on_write = [] {};
    fastcgi::disconnect_listener* listener = nullptr;

    void leave();
    int status() const;                              // 0: no head yet
    std::string header(std::string_view name) const; // of the first of that name; empty: none
    std::string said() const;                        // "404 {...}"
};

class noting_exchange final : public fastcgi::exchange {
public:
    explicit noting_exchange(client& c)
        : client_(c)
    {
    }
    ~noting_exchange() override;

    void begin(std::string_view head) override;
    void write(std::string_view bytes) override;
    void flush() override { client_.flushed = client_.body.size(); }
    void write(std::span<std::string_view> parts) override;
    void end() override;
    bool full() const override { return client_.full; }
    void wait_until_it_reads() override;
    bool gone() const override { return client_.gone; }
    void on_disconnect(fastcgi::disconnect_listener* listener) override;

private:
    client& client_;
};

class fake_posts final : public db::posts {
public:
    std::vector<std::string> asked; // in words, with the user who asks
    std::vector<db::new_post> added;
    std::vector<db::post_change> changed;
    std::function<void()> during = [] {}; // while the database works

    db::answer<std::vector<db::wall_summary>> walls = std::vector<db::wall_summary>{};
    db::answer<db::history> page = db::history{};
    db::answer<std::int64_t> mark = std::int64_t{0};
    db::answer<db::written_entry> written = db::denied::no_post; // of posts and changes

    db::answer<std::vector<db::wall_summary>> walls_of(const db::reader& asker) override;
    db::answer<std::vector<db::wall_summary>>
    walls_read(const db::reader& asker, std::span<const walls::wall_id> which) override;
    db::answer<db::history> posts_before(const db::reader& asker, walls::wall_id wall,
                                         std::optional<walls::entry_id> before,
                                         std::size_t limit) override;
    db::answer<db::history> search(const db::reader& asker,
                                   const db::search_query& wanted) override;
    db::answer<std::int64_t> mark_read(const db::reader& asker, walls::wall_id wall,
                                       walls::entry_id entry) override;
    std::vector<db::answer<db::written_entry>>
    add_posts(std::span<const db::new_post> group) override;
    db::answer<db::written_entry> change_post(const db::post_change& change) override;
    db::result<std::size_t> clean_up() override { return std::size_t{0}; }

private:
    void note(const db::reader& asker, const std::string& words);
};

class fake_sessions final : public db::sessions {
public:
    std::vector<std::string> asked; // in words
    db::result<std::optional<db::signed_in>> in = std::optional<db::signed_in>();
    std::map<std::string, bool> signed_out; // by token; one that is not here was signed in
    std::optional<walls::db_error> error;   // of sign_out()
    std::function<void(const std::string& token)> on_sign_out = [](const std::string&) {};

    db::result<std::optional<db::signed_in>>
    sign_in(const std::string& name, const std::string& password, const std::string& from) override;
    db::result<bool> sign_out(const std::string& session_id) override;
    // The hub asks a database of its own.
    db::result<std::vector<walls::identity_ptr>>
    find_identities(std::span<const std::string> tokens) override;
    db::result<walls::identity_ptr> find_guest() override;
    db::result<std::vector<std::shared_ptr<walls::identity>>>
    find_named(std::span<const db::named> who) override;
};

class fake_counters final : public db::counter_source {
public:
    db::counters now;
    db::counters count() const override { return now; }
    db::call_times passed;
    db::call_times times() const override { return passed; }
};

} // namespace routes::testing
