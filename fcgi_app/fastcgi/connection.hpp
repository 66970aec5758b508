// One FastCGI connection: bytes from the socket into the codec, requests out to the server, answers
// back. No fiber of its own: the reactor feeds it. Thread of the event loop only.
//
// connection.cpp reads, and ends it; connection_output.cpp writes; connection_timeouts.cpp gives up
// peers that do neither.
#pragma once

#include "fcgi_app/fastcgi/budget.hpp"
#include "fcgi_app/fastcgi/demux.hpp"
#include "fcgi_app/fastcgi/limits.hpp"
#include "fcgi_app/fastcgi/observer.hpp"
#include "fcgi_app/fastcgi/pending_request.hpp"
#include "fcgi_app/fastcgi/send_queue.hpp"
#include "fibers/reactor.hpp"
#include "fibers/sleeper.hpp"
#include "fibers/step_gate.hpp"
#include "fibers/timer_wheel.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastcgi {

class connection;
using connection_hook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>,
                                     boost::intrusive::tag<struct all_connections>>;

// The server, as its connections see it: what they share, and whom they report to.
class connection_owner {
public:
    connection_owner(fibers::reactor& its_loop, const limits& its_limits, observer& its_observer,
                     budget& its_budget, fibers::step_gate& its_steps);

    // For requests and connections that are there already, too: a demux refers to these.
    void change(const limits& to);

    virtual void start(std::unique_ptr<pending_request> peer, raw_request&& r) = 0;
    // Out of all that it was in; to be destroyed in the next turn, for a caller may be inside.
    virtual void closed(connection& c) = 0;

    // An empty string with room for an answer, to be given back: most answers leave at once, one
    // after the other, and each would allocate, fill cold memory, and free.
    std::string take_buffer() { return std::exchange(buffer_, {}); }
    void give_buffer(std::string&& used);

    fibers::reactor& loop;
    limits allowed;
    limits of_refused; // for connections that are only to hear FCGI_OVERLOADED
    observer& watching;
    budget& room;
    fibers::step_gate& steps;
    fibers::timer_wheel timers;
    bool stopping = false;
    std::size_t begun_before_stop = 0; // requests that are in flight, without those that came late
    std::array<char, 65'536> read_buffer{}; // for all connections: an idle one holds none

protected:
    ~connection_owner() = default;

private:
    std::string buffer_;
};

class connection final : public fibers::watcher,
                         public fibers::turn_task,
                         public fibers::timer,
                         public sink,
                         public connection_hook {
public:
    // `fd`: connected and non-blocking; owned. `refused`: every request is told FCGI_OVERLOADED.
    connection(connection_owner& owner, int fd, bool refused);
    ~connection() override;

    bool watch(); // false: epoll refused; the owner drops it
    // The server stops. The peer is asked to use this connection no more (append_goodbye()): at
    // once if it is idle, else behind the last answer, with which the connection ends. A request
    // that is under way all the same is served. May be called again.
    void finish();
    void close_if_idle(); // whose peer was asked in vain
    void close(); // now: what is in flight is gone, and the owner destroys this in its next turn

    // For its requests.
    void write(const pending_request& r, std::string_view content);
    void send_written(); // with write() by its only request
    void begin_large();
    void end_large();
    std::span<std::string_view> send_piece(request_id id, std::span<std::string_view> parts);
    void end(pending_request& r);
    void abandon(pending_request& r); // nobody ended it
    bool full() const;
    void wait_for_room(const pending_request& r);
    void wait_for_turn(const pending_request& r);

private:
    // fibers
    void on_ready(std::uint32_t events) override;
    void on_turn() override;
    void on_time() override;
    // sink
    void on_request(raw_request&& r) override;
    void on_abort(request_id id) override;
    void on_reply(std::string_view bytes, bool close_after) override;
    void on_overloaded() override;
    void on_broken(std::string_view reason) override;

    void read_some();
    void peer_left();
    void close_if_done();

    send_queue& queue();
    void queue_flush();
    void flush_now();
    void queue_end(pending_request& r);
    void say_goodbye();
    void forget(const pending_request& r);
    void flush();
    void sleep_until_flushed();
    void wake_those_who_wait();
    void count_unsent();

    void arm_timer();
    bool holds_up_others(fibers::steady_time now) const;
    void drop(slow_peer why);

    connection_owner& owner_;
    int fd_;
    demux demux_;
    // Intrusive: nginx has one request on a connection, and a hash table of one costs 300 bytes.
    boost::intrusive::set<pending_request, boost::intrusive::key_of_value<pending_request::by_id>,
                          boost::intrusive::constant_time_size<false>>
        pending_;
    send_queue out_;
    std::vector<fibers::sleeper*> waiting_for_room_; // not a deque: an empty one holds 600 bytes
    std::size_t bytes_sent_ = 0;                     // in all
    std::size_t sent_at_timer_ = 0;                  // bytes_sent_ when the timer was set
    fibers::steady_time not_read_since_;             // the peer has taken none of out_ since
    std::size_t bytes_read_ = 0;
    std::size_t read_at_timer_ = 0;
    std::size_t in_budget_ = 0; // of out_, as budget::add() was told
    std::size_t large_ = 0;     // writes that are being sent in pieces
    // Since when there was always something that the peer had not taken, without the end of a large
    // write; none while there is nothing.
    std::optional<fibers::steady_time> behind_since_;
    unsigned silent_intervals_ = 0; // of the timer, in which the peer sent nothing
    request_id last_id_ = 0;        // of the newest request; 0: there was none
    const bool refused_;
    bool readable_ = false;       // there may be more to read
    bool hung_up_ = false;        // read on until the end comes
    bool writable_ = true;        // the last send did not fill the socket
    bool watches_output_ = false; // from the first time that it did on
    bool peer_left_ = false;      // it sends no more
    bool finishing_ = false;      // to be closed when nothing is in flight
    bool leaving_ = false;        // finish() was called
    bool told_ = false;           // goodbye is behind the last answer
    bool overloaded_ = false;     // a request was told so
    bool waits_to_send_ = false;  // when the timer was set
    bool closed_ = false;
};

using connection_list =
    boost::intrusive::list<connection, boost::intrusive::base_hook<connection_hook>,
                           boost::intrusive::constant_time_size<false>>;

} // namespace fastcgi
