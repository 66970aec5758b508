// The whole stack with a few people and walls in it, and the calls that tests make there.
// Main thread only.
#pragma once

#include "tests/e2e/stack.hpp"

#include <map>
#include <string>

namespace e2e {

using namespace std::chrono_literals;

// Sessions of ann, bob and cleo (users 1, 2, 3; only ann has a password, "ann secret"). All see
// wall 1 "General"; ann and bob see wall 2 "Workshop"; nobody sees wall 3 "Empty".
extern const std::string ann, bob, cleo;

struct call {
    std::string method = "GET";
    std::string path = "/"; // below the mount
    std::string body;
    header_list headers;
};

call post_form(std::string body, std::string path = "/");
call post_json(std::string body, std::string path = "/");
call with(call c, std::string name, std::string value); // with one more header
call signed_by(const std::string& session, call c);     // Authorization: Bearer
call poll_call(const std::string& session, const std::string& json_cursors);
call say_call(const std::string& session, int wall, const std::string& text,
              const std::string& client_key = {});
// SQL with which anybody writes a post.
std::string insert_post(int wall, int user, const std::string& text);

// "200 {…}": what most tests compare, so that a failure shows it all.
std::string text_of(const reply& r);
// "1:5 6,2:1": the entries in a poll's answer; of another answer its text.
std::string entries_of(const reply& r);

class chat;
// The number of the walls that the owner of this session may see, as GET /walls says it.
std::string access_of(const chat& s, const std::string& session);

using settings = std::map<std::string, std::string>; // as in pollster.conf

// With these a parked poll gets no news from a regular look: after the look that it begins with the
// next one is a minute away (half of that with notify = off), and the poll ends before, with
// nothing. So news that comes has come by itself, however slow the machine is.
extern const settings no_look_in_time;
settings with(settings s, const settings& more); // what both name is as in `more`

class chat : public stack {
public:
    explicit chat(const settings& s = {}, private_postgres* postgres = nullptr, int processes = 1);
    ~chat(); // if the test failed, prints what the servers logged

    reply send(const call& c) const { return api(c.method, c.path, c.body, c.headers); }
    std::string owner_conninfo();         // of its database
    std::string epoch_of(int wall) const; // as answers say it
    // Waits until this many polls are parked.
    void until_parked(int polls) const;
    // Sends SIGTERM and returns the exit code. Throws if the server does not stop.
    int stop_pollster();
};

// A call that was sent and not answered yet, on a connection of its own.
class hanging_call {
public:
    hanging_call(const chat& s, const call& c)
        : hanging_call(s.port(), c)
    {
    }
    hanging_call(unsigned short port, const call& c); // of any server that has it at /api/
    bool answered() { return client_.something_arrived(); }
    reply wait(std::chrono::milliseconds limit = tests::patience) { return client_.receive(limit); }
    void leave() { client_.close(); }

private:
    http_client client_;
};

// Polls as a good client does: again with the same cursor, if it is told to come back.
reply poll_until_news(const chat& s, hanging_call& parked, const call& again);
// Posts as bob, as a good client does: the same key again until it is acknowledged.
reply say_until_heard(const chat& s, const std::string& text);

class stopwatch {
public:
    long ms() const
    {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::steady_clock::now() - start_)
            .count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Does the condition hold all that time? For things that must not happen.
template <class Condition>
bool stays(std::chrono::milliseconds time, Condition condition)
{
    const stopwatch watch;
    while (condition()) {
        if (watch.ms() > time.count()) {
            return true;
        }
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

} // namespace e2e
