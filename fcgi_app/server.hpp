// Accepts FastCGI connections, starts a fiber for every request, and ends it all in order.
// Thread of the event loop only.
#pragma once

#include "fcgi_app/config/config.hpp"
#include "fcgi_app/connection.hpp"
#include "fcgi_app/fastcgi/limits.hpp"
#include "fcgi_app/routes/services.hpp"
#include "fcgi_app/sockets.hpp"
#include "fibers/reactor.hpp"
#include "fibers/timer_wheel.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pollster {

class server {
public:
    server(fibers::reactor& loop, const config& settings, routes::services& services);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    // Starts to accept on `socket` (not owned). False: epoll refused it.
    bool listen(int socket);
    void
    run_timers(); // body of a fiber: connection deadlines and stack trimming; returns after stop()

    // Accepts no more, answers every parked poll with nothing new, and waits in the calling fiber
    // until all that was in flight is answered and sent, or until `deadline`; then closes the
    // connections that are left. False: a request has not ended `to_end_after_deadline` later (it
    // waits for the database), so its fiber is still on a stack of the services.
    bool stop(fibers::steady_time deadline);
    static constexpr std::chrono::milliseconds to_end_after_deadline{400};

    std::size_t connections() const { return connections_; }

    // For connections.
    fibers::reactor& loop() { return loop_; }
    const config& settings() const { return settings_; }
    fastcgi::limits wire_limits() const;
    routes::metrics& metrics() { return services_.metrics; }
    fibers::timer_wheel& timers() { return timers_; }
    walls::answer_room& room() { return services_.room; }
    fibers::step_gate& steps() { return services_.steps; }
    std::array<char, 65'536>& read_buffer() { return read_buffer_; }
    // An empty string with room for an answer, to be given back: most answers leave at once, one
    // after the other, and each would allocate, fill cold memory, and free.
    std::string take_buffer() { return std::exchange(buffer_, {}); }
    void give_buffer(std::string&& used);
    void start(std::unique_ptr<pending_request> peer, fastcgi::request&& r);
    void closed(connection& c);

private:
    class acceptor;
    class deferred_deletion;

    void adopt(int fd);
    void give_heap_back();

    fibers::reactor& loop_;
    const config& settings_;
    routes::services& services_;
    fibers::timer_wheel timers_;
    std::vector<std::unique_ptr<acceptor>> acceptors_;
    boost::intrusive::list<connection,
                           boost::intrusive::base_hook<boost::intrusive::list_base_hook<
                               boost::intrusive::link_mode<boost::intrusive::auto_unlink>,
                               boost::intrusive::tag<struct all_connections>>>,
                           boost::intrusive::constant_time_size<false>>
        all_;
    std::unique_ptr<deferred_deletion>
        closed_; // destroyed in the next turn: a caller may still be inside
    std::size_t connections_ = 0;
    std::uint64_t requests_ = 0;     // numbers them for the log
    std::size_t parked_before_ = 0;  // a second ago
    std::size_t parked_at_trim_ = 0; // when memory was last given back
    std::size_t most_answers_ = 0;   // bytes of answers, since memory was last given back
    bool stopping_ = false;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable ended_; // a connection closed, or stopping_ was set
    std::array<char, 65'536> read_buffer_{};  // for all connections: a parked one holds none
    std::string buffer_;
};

} // namespace pollster
