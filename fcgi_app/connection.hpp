// One FastCGI connection: bytes from the socket into the codec, requests out to the server, answers
// back. No fiber of its own: the reactor feeds it. Thread of the event loop only.
#pragma once

#include "fcgi_app/fastcgi/demux.hpp"
#include "fcgi_app/routes/exchange.hpp"
#include "fibers/reactor.hpp"
#include "fibers/sleeper.hpp"
#include "fibers/timer_wheel.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pollster {

class server;
class connection;

// A delivered request until its answer is queued. Owned by whoever answers; outlives its connection
// if need be.
class pending_request final
    : public routes::exchange,
      public boost::intrusive::set_base_hook<boost::intrusive::optimize_size<true>> {
public:
    pending_request(connection& c, fastcgi::request_id id, bool keep_conn);
    ~pending_request() override;
    pending_request(const pending_request&) = delete;
    pending_request& operator=(const pending_request&) = delete;

    void answer(std::string_view cgi) override;
    void answer(std::span<std::string_view> cgi) override;
    bool full() const override;
    void wait_until_it_reads() override;
    bool gone() const override { return gone_; }
    void wake_when_gone(walls::parked* poll) override;

private:
    friend class connection;
    struct by_id {
        using type = fastcgi::request_id;
        type operator()(const pending_request& r) const { return r.id_; }
    };
    void leave(); // the peer left or aborted

    connection* connection_; // null: it is closed
    walls::parked* parked_ = nullptr;
    fastcgi::request_id id_;
    bool keep_conn_;
    bool gone_ = false;
};

class connection final : public fibers::watcher,
                         public fibers::turn_task,
                         public fibers::timer,
                         public fastcgi::sink,
                         public boost::intrusive::list_base_hook<
                             boost::intrusive::link_mode<boost::intrusive::auto_unlink>,
                             boost::intrusive::tag<struct all_connections>> {
public:
    // `fd`: connected and non-blocking; owned. `overloaded`: refuse every request with
    // FCGI_OVERLOADED.
    connection(server& owner, int fd, bool overloaded);
    ~connection() override;

    bool watch(); // false: epoll refused; the owner drops it
    // Ends as soon as everything in flight is answered and sent; at once if nothing is.
    void finish();
    void close(); // now: what is in flight is gone, and the owner destroys this in its next turn

private:
    friend class pending_request;

    // fibers
    void on_ready(std::uint32_t events) override;
    void on_turn() override;
    void on_time() override;
    // fastcgi::sink
    void on_request(fastcgi::request&& r) override;
    void on_abort(fastcgi::request_id id) override;
    void on_reply(std::string_view bytes, bool close_after) override;
    void on_overloaded() override;
    void on_broken(std::string_view reason) override;

    void read_some();
    void peer_left();
    void queue_flush();
    void flush();
    void wait_for_room(const pending_request& r);
    void wake_those_who_wait();
    void answer(pending_request& r, std::string_view cgi);
    void begin_large();
    void wait_for_turn(const pending_request& r);
    std::span<std::string_view> send_piece(fastcgi::request_id id,
                                           std::span<std::string_view> parts);
    void end_large(pending_request& r);
    void abandon(pending_request& r);
    void end(pending_request& r);
    void close_if_done();
    void arm_timer();

    bool full() const;
    std::size_t unsent() const { return out_.size() - sent_; }
    void count_unsent();
    bool holds_up_others(fibers::steady_time now) const;

    server& server_;
    int fd_;
    fastcgi::demux demux_;
    // Intrusive: nginx has one request on a connection, and a hash table of one costs 300 bytes.
    boost::intrusive::set<pending_request, boost::intrusive::key_of_value<pending_request::by_id>,
                          boost::intrusive::constant_time_size<false>>
        pending_;
    std::string out_; // bytes that the socket has not taken yet, from sent_ on
    std::size_t sent_ = 0;
    std::vector<fibers::sleeper*> waiting_for_room_; // not a deque: an empty one holds 600 bytes
    std::size_t bytes_sent_ = 0;                     // in all
    std::size_t sent_at_timer_ = 0;                  // bytes_sent_ when the timer was set
    fibers::steady_time not_read_since_;             // the peer has taken none of out_ since
    std::size_t bytes_read_ = 0;
    std::size_t read_at_timer_ = 0;
    std::size_t counted_ = 0; // of out_, in answer_room::add()
    std::size_t large_ = 0;   // answers that are being sent in pieces
    // Since when there was always something that the peer had not taken, without the end of a large
    // answer; none while there is nothing.
    std::optional<fibers::steady_time> behind_since_;
    unsigned silent_intervals_ = 0; // of the timer, in which the peer sent nothing
    bool readable_ = false;         // there may be more to read
    bool hung_up_ = false;          // the end is among it
    bool writable_ = true;          // the last send did not fill the socket
    bool watches_output_ = false;   // from the first time that it did on
    bool peer_left_ = false;        // it sends no more
    bool finishing_ = false;
    bool overload_logged_ = false; // one line a connection, however many requests it tries
    bool waits_to_send_ = false;   // when the timer was set
    bool closed_ = false;
};

} // namespace pollster
