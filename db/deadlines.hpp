// By when a statement must have its answer, whatever the server's own timeouts say: the server's
// process may be stopped, or its host may drop packets, and libpq would wait for ever. At the
// deadline the socket is shut down during the call, which then ends with a broken connection.
// Internal to db/. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace db {

class deadlines {
public:
    using clock = std::chrono::steady_clock;

    deadlines();
    ~deadlines(); // after all calls
    deadlines(const deadlines&) = delete;
    deadlines& operator=(const deadlines&) = delete;

    // One statement under way on a socket, which stays open while this lives: libpq closes its own
    // descriptor when it finds the connection broken, so this one must be a duplicate of it.
    class call {
    public:
        call(deadlines& all, int socket, clock::duration patience);
        ~call();
        call(const call&) = delete;
        call& operator=(const call&) = delete;
        bool given_up() const; // the socket was shut down, because of the deadline or give_up()

    private:
        friend class deadlines;
        deadlines& all_;
        const int socket_;
        const clock::time_point until_;
        bool given_up_ = false;
        std::list<call*>::iterator place_;
    };

    // The program stops: every call ends now, and those that begin from now on at once.
    void give_up();
    bool gave_up() const;

private:
    void run();
    static void shut_down(call& c);

    mutable std::mutex mutex_; // guards all below
    std::condition_variable wake_up_;
    std::list<call*> calls_;
    clock::time_point wakes_ = clock::time_point::max(); // when the thread looks again
    bool gave_up_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace db
