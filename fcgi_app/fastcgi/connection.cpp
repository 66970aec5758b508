#include "fcgi_app/fastcgi/connection.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace fastcgi {

namespace {

// Reads of one connection in one turn: one that floods us waits for the others.
constexpr int reads_a_turn = 4;

limits without_requests(limits l)
{
    l.max_requests_per_connection = 0;
    return l;
}

} // namespace

connection_owner::connection_owner(fibers::reactor& its_loop, const limits& its_limits,
                                   observer& its_observer, budget& its_budget,
                                   fibers::step_gate& its_steps)
    : loop(its_loop)
    , allowed(its_limits)
    , of_refused(without_requests(its_limits))
    , watching(its_observer)
    , room(its_budget)
    , steps(its_steps)
    , timers(std::chrono::milliseconds(250), 512, std::chrono::steady_clock::now())
{
}

void connection_owner::change(const limits& to)
{
    allowed = to;
    of_refused = without_requests(to);
}

void connection_owner::give_buffer(std::string&& used)
{
    constexpr std::size_t largest = std::size_t{64} * 1024;
    if (used.capacity() > buffer_.capacity() && used.capacity() <= largest) {
        buffer_ = std::move(used);
        buffer_.clear();
    }
}

connection::connection(connection_owner& owner, int fd, bool refused)
    : owner_(owner)
    , fd_(fd)
    , demux_(refused ? owner.of_refused : owner.allowed)
    , refused_(refused)
{
}

connection::~connection()
{
    close();
}

bool connection::watch()
{
    return owner_.loop.watch_input(fd_, *this);
}

void connection::on_ready(std::uint32_t events)
{
    if ((events & EPOLLOUT) != 0) {
        writable_ = true;
        flush();
    }
    if (!closed_ && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        readable_ = true;
        hung_up_ = hung_up_ || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        read_some();
    }
}

void connection::on_turn()
{
    if (readable_) {
        read_some();
    }
    if (!closed_) {
        flush();
        arm_timer();
    }
}

void connection::read_some()
{
    auto& buffer = owner_.read_buffer;
    for (int i = 0; i < reads_a_turn; ++i) {
        if (closed_ || peer_left_ || full()) {
            return; // full: flush() goes on when the peer has read
        }
        if (owner_.loop.busy()) {
            if (i == 0) {
                return owner_.loop.first_at_next_turn(*this);
            }
            break; // its share of this turn
        }
        const ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
        if (n > 0) {
            bytes_read_ += static_cast<std::size_t>(n);
            silent_intervals_ = 0;
            demux_.feed({buffer.data(), static_cast<std::size_t>(n)}, *this);
            arm_timer();
            // Less than asked for: that was all (epoll(7)). Asking once more, to be told so, was
            // every second system call of a request.
            if (static_cast<std::size_t>(n) < buffer.size() && !hung_up_) {
                readable_ = false;
                return;
            }
        } else if (n == 0) {
            return peer_left();
        } else if (errno == EAGAIN) {
            readable_ = false;
            return;
        } else if (errno != EINTR) {
            return close();
        }
    }
    owner_.loop.at_next_turn(*this);
}

// A request that waits ends at once; one that is being worked on is still answered, in case the
// peer only closed its half.
void connection::peer_left()
{
    peer_left_ = true;
    readable_ = false;
    for (pending_request& r : pending_) {
        r.leave();
    }
    close_if_done();
}

void connection::on_request(raw_request&& r)
{
    auto pending = std::make_unique<pending_request>(*this, r.id, r.keep_conn, owner_.stopping);
    pending_.insert(*pending);
    owner_.begun_before_stop += pending->late() ? 0 : 1;
    last_id_ = r.id;
    told_ = false;
    owner_.start(std::move(pending), std::move(r));
}

void connection::on_abort(request_id id)
{
    if (const auto it = pending_.find(id); it != pending_.end()) {
        it->leave();
    }
}

void connection::on_reply(std::string_view bytes, bool close_after)
{
    queue().append(bytes);
    finishing_ = finishing_ || close_after;
    queue_flush();
}

void connection::on_overloaded()
{
    owner_.watching.request_overloaded(refused_ ? overload::max_connections
                                                : overload::max_requests_per_connection,
                                       demux_.active(), !std::exchange(overloaded_, true));
}

void connection::on_broken(std::string_view reason)
{
    owner_.watching.connection_broken(reason);
    close();
}

void connection::finish()
{
    leaving_ = true;
    if (pending_.empty() && last_id_ != 0 && !std::exchange(told_, true)) {
        queue().goodbye(last_id_);
        queue_flush();
    }
}

// Behind the last answer of a connection that is to end.
void connection::say_goodbye()
{
    if (leaving_ && pending_.empty()) {
        out_.goodbye(last_id_);
        told_ = true;
        finishing_ = finishing_ || demux_.idle();
    }
}

void connection::close_if_idle()
{
    if (pending_.empty() && demux_.idle() && out_.unsent() == 0) {
        close();
    }
}

// It is in flight no more.
void connection::forget(const pending_request& r)
{
    owner_.begun_before_stop -= r.late() ? 0 : 1;
}

void connection::close_if_done()
{
    if ((finishing_ || peer_left_) && pending_.empty() && out_.unsent() == 0) {
        close();
    }
}

void connection::close()
{
    if (closed_) {
        return;
    }
    closed_ = true;
    owner_.loop.forget(fd_, *this);
    ::close(fd_);
    cancel();
    pending_.clear_and_dispose([this](pending_request* r) {
        forget(*r);
        r->detach();
        r->leave();
    });
    wake_those_who_wait();
    owner_.room.remove(std::exchange(in_budget_, 0));
    owner_.closed(*this);
}

} // namespace fastcgi
