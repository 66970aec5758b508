// The epoll set of one thread, and what runs between fibers: descriptor events, tasks posted by
// other threads, and work deferred to the next turn. A turn is what happens between two calls of
// epoll: at most scheduler::budget fibers run, then this.
//
// Every callback runs on the dispatcher's stack (128 KiB): it may start and wake fibers but must
// never block. Thread of the loop only, except post() and notify().
#pragma once

#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace fibers {

// Receives the events of one descriptor.
class watcher {
public:
    virtual ~watcher() = default;
    // Edge-triggered: `events` (EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR) is what came
    // since the last call. Read until EAGAIN, or go on in the next turn with
    // reactor::at_next_turn().
    virtual void on_ready(std::uint32_t events) = 0;
};

// Work to do once in the next turn; unlinks itself when destroyed.
class turn_task : public boost::intrusive::list_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    virtual ~turn_task() = default;
    virtual void on_turn() = 0;
};

class reactor {
public:
    reactor();
    ~reactor();
    reactor(const reactor&) = delete;
    reactor& operator=(const reactor&) = delete;

    // Registers `fd` once, edge-triggered for input, output and hang-up (measured: 7.0 µs per round
    // trip; re-arming with EPOLLONESHOT takes 10.4). False: epoll refused it, errno says why. `w`
    // must outlive the registration.
    [[nodiscard]] bool watch(int fd, watcher& w);
    // The same without output, until watch_output(): for a watcher that tries to write first and
    // needs events only when the socket is full. This saves the event that a peer causes by reading
    // an answer.
    [[nodiscard]] bool watch_input(int fd, watcher& w);
    [[nodiscard]] bool watch_output(int fd,
                                    watcher& w); // also report output of a watched fd from now on
    // After this no event of `fd` reaches its watcher, not even one already fetched from the
    // kernel.
    void forget(int fd, watcher& w);

    // Runs `task` in the next turn, after the fibers that are ready now. Queued twice, it runs
    // once.
    void at_next_turn(turn_task& task);
    // The same for what had to wait in this turn, because the loop was busy(): before all others,
    // in the order in which they came here.
    void first_at_next_turn(turn_task& task);

    // So many fibers are ready that who reads requests, and makes fibers of them, waits a turn.
    bool busy() const { return busy_; }
    void set_busy(bool yes) { busy_ = yes; } // the scheduler's

    void post(std::function<void()> task); // any thread: run it in the loop's thread
    void notify();                         // any thread: end a wait in poll()

    // One turn: tasks, then epoll (waiting until `deadline` at most, or not at all if there were
    // tasks), then callbacks.
    void poll(std::chrono::steady_clock::time_point deadline);

private:
    using task_list =
        boost::intrusive::list<turn_task, boost::intrusive::constant_time_size<false>>;

    bool control(int operation, int fd, watcher& w, std::uint32_t events);
    bool run_tasks(); // true: there were some
    void run_posted();

    int epoll_;
    int wakeup_; // eventfd
    task_list tasks_;
    task_list first_; // of them
    bool busy_ = false;
    std::vector<std::pair<watcher*, std::uint32_t>>
        fetched_; // events of this turn not delivered yet
    std::size_t delivered_ = 0;
    std::mutex mutex_; // guards posted_
    std::vector<std::function<void()>> posted_;
};

} // namespace fibers
