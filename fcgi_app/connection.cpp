#include "fcgi_app/connection.hpp"

#include "fcgi_app/fastcgi/encode.hpp"
#include "fcgi_app/server.hpp"
#include "walls/parked.hpp"

#include <spdlog/spdlog.h>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace pollster {

namespace {

// Reads of one connection in one turn: one that floods us waits for the others.
constexpr int reads_a_turn = 4;

fastcgi::limits limits_for(const server& owner, bool overloaded)
{
    fastcgi::limits l = owner.wire_limits();
    if (overloaded) {
        l.requests = 0;
    }
    return l;
}

} // namespace

pending_request::pending_request(connection& c, fastcgi::request_id id, bool keep_conn)
    : connection_(&c)
    , id_(id)
    , keep_conn_(keep_conn)
{
}

pending_request::~pending_request()
{
    if (connection_ != nullptr) {
        connection_->abandon(*this);
    }
}

bool pending_request::full() const
{
    return connection_ != nullptr && connection_->full();
}

void pending_request::wait_until_it_reads()
{
    if (connection_ != nullptr) {
        connection_->wait_for_room(*this);
    }
}

void pending_request::answer(std::string_view cgi)
{
    wait_until_it_reads();
    if (connection_ != nullptr) {
        connection_->answer(*this, cgi);
    }
}

void pending_request::answer(std::span<std::string_view> cgi)
{
    if (connection_ != nullptr) {
        connection_->begin_large();
    }
    while (!cgi.empty() && connection_ != nullptr) {
        connection_->wait_for_turn(*this);
        if (connection_ != nullptr) {
            cgi = connection_->send_piece(id_, cgi);
        }
    }
    if (connection_ != nullptr) {
        connection_->end_large(*this);
    }
}

void pending_request::wake_when_gone(walls::parked* poll)
{
    parked_ = poll;
    if (gone_ && parked_ != nullptr) {
        parked_->wake(walls::woken::gone);
    }
}

void pending_request::leave()
{
    gone_ = true;
    if (parked_ != nullptr) {
        parked_->wake(walls::woken::gone);
    }
}

connection::connection(server& owner, int fd, bool overloaded)
    : server_(owner)
    , fd_(fd)
    , demux_(limits_for(owner, overloaded))
{
}

connection::~connection()
{
    close();
}

bool connection::watch()
{
    return server_.loop().watch_input(fd_, *this);
}

// Small answers ask for no room; but when there is none, no second one is put behind what a peer
// has not taken.
bool connection::full() const
{
    return unsent() > server_.settings().max_queued_bytes ||
           (unsent() > 0 && server_.room().exceeded());
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
    }
}

void connection::read_some()
{
    auto& buffer = server_.read_buffer();
    for (int i = 0; i < reads_a_turn; ++i) {
        if (closed_ || peer_left_ || full()) {
            return; // full: flush() goes on when the peer has read
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
    server_.loop().at_next_turn(*this);
}

// A parked poll ends at once; a request that is being worked on is still answered, in case the peer
// only closed its half.
void connection::peer_left()
{
    peer_left_ = true;
    readable_ = false;
    for (pending_request& r : pending_) {
        r.leave();
    }
    close_if_done();
}

void connection::on_request(fastcgi::request&& r)
{
    auto pending = std::make_unique<pending_request>(*this, r.id, r.keep_conn);
    pending_.insert(*pending);
    server_.start(std::move(pending), std::move(r));
}

void connection::on_abort(fastcgi::request_id id)
{
    if (const auto it = pending_.find(id); it != pending_.end()) {
        it->leave();
    }
}

void connection::on_reply(std::string_view bytes, bool close_after)
{
    out_ += bytes;
    finishing_ = finishing_ || close_after;
    queue_flush();
}

void connection::on_overloaded()
{
    server_.metrics().overloaded_requests.Increment();
    if (!std::exchange(overload_logged_, true)) {
        spdlog::warn("requests refused with FCGI_OVERLOADED: {} in flight on one connection "
                     "(max_requests_per_connection, or the connection is beyond max_connections)",
                     demux_.active());
    }
}

void connection::on_broken(std::string_view reason)
{
    server_.metrics().broken_connections.Increment();
    spdlog::warn("connection dropped: the peer broke the FastCGI protocol: {}", reason);
    close();
}

void connection::wait_for_room(const pending_request& r)
{
    while (r.connection_ != nullptr && full()) {
        fibers::sleeper here;
        waiting_for_room_.push_back(&here);
        here.sleep();
    }
}

// Each looks again whether there is room when its turn comes.
void connection::wake_those_who_wait()
{
    for (auto* sleeper : std::exchange(waiting_for_room_, {})) {
        sleeper->wake();
    }
}

void connection::answer(pending_request& r, std::string_view cgi)
{
    if (out_.empty()) {
        out_ = server_.take_buffer();
    }
    fastcgi::append_answer(out_, r.id_, cgi);
    end(r);
    // Behind nginx there is one request at a time. The answers of a peer that multiplexes leave
    // together in the next turn.
    if (pending_.empty()) {
        flush();
        arm_timer();
    } else {
        queue_flush();
    }
}

void connection::begin_large()
{
    if (large_++ == 0 && !behind_since_) {
        behind_since_ = std::chrono::steady_clock::now();
    }
}

// Until the peer has taken the pieces before, whoever sent them, and few others send one now.
void connection::wait_for_turn(const pending_request& r)
{
    for (;;) {
        while (r.connection_ != nullptr && unsent() > 0) {
            fibers::sleeper here;
            waiting_for_room_.push_back(&here);
            here.sleep();
        }
        if (r.connection_ == nullptr) {
            return;
        }
        server_.steps().pass();
        if (r.connection_ == nullptr || unsent() == 0) {
            return;
        }
    }
}

// One record. Returns what is left.
std::span<std::string_view> connection::send_piece(fastcgi::request_id id,
                                                   std::span<std::string_view> parts)
{
    if (out_.empty()) {
        out_ = server_.take_buffer();
    }
    const auto left = fastcgi::append_record(out_, id, parts);
    flush();
    arm_timer();
    return left;
}

void connection::end_large(pending_request& r)
{
    if (--large_ > 0) {
        behind_since_ = std::chrono::steady_clock::now();
    } else {
        behind_since_.reset();
    }
    fastcgi::append_end(out_, r.id_);
    end(r);
    flush();
    arm_timer();
}

// A peer that takes a little now and then is never silent, but what it does not take is kept from
// others.
bool connection::holds_up_others(fibers::steady_time now) const
{
    return behind_since_ && now - *behind_since_ > server_.settings().send_timeout_seconds &&
           server_.room().waiting() > 0;
}

void connection::count_unsent()
{
    const std::size_t now = unsent();
    if (now > counted_) {
        server_.room().add(now - counted_);
    } else if (now < counted_) {
        server_.room().remove(counted_ - now);
    }
    counted_ = now;
    if (now == 0 && large_ == 0) {
        behind_since_.reset();
    } else if (!behind_since_) {
        behind_since_ = std::chrono::steady_clock::now();
    }
}

// Nobody answered: the peer aborted, or left, or a handler failed to.
void connection::abandon(pending_request& r)
{
    fastcgi::append_answer(out_, r.id_, {});
    end(r);
    queue_flush();
}

void connection::end(pending_request& r)
{
    demux_.finish(r.id_);
    pending_.erase(pending_.iterator_to(r));
    finishing_ = finishing_ || !r.keep_conn_;
    r.connection_ = nullptr;
}

// Not sent at once: the answers of one turn leave in one system call for each connection.
void connection::queue_flush()
{
    if (!closed_) {
        arm_timer();
        server_.loop().at_next_turn(*this);
    }
}

void connection::flush()
{
    while (writable_ && !closed_ && sent_ < out_.size()) {
        const ssize_t n = send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
        if (n >= 0) {
            sent_ += static_cast<std::size_t>(n);
            bytes_sent_ += static_cast<std::size_t>(n);
        } else if (errno == EAGAIN) {
            writable_ = false;
            if (!std::exchange(watches_output_, true) && !server_.loop().watch_output(fd_, *this)) {
                return close();
            }
        } else if (errno != EINTR) {
            return close();
        }
    }
    if (closed_) {
        return;
    }
    if (sent_ == out_.size()) {
        sent_ = 0;
        server_.give_buffer(std::exchange(out_, {})); // an idle connection has no buffer
    } else if (sent_ > out_.size() / 2) {
        out_.erase(0, sent_);
        sent_ = 0;
    }
    count_unsent();
    if (!full()) {
        wake_those_who_wait();
        if (readable_) {
            server_.loop().at_next_turn(*this);
        }
    }
    close_if_done();
}

void connection::finish()
{
    finishing_ = true;
    close_if_done();
}

void connection::close_if_done()
{
    if ((finishing_ || peer_left_) && pending_.empty() && sent_ == out_.size()) {
        close();
    }
}

void connection::close()
{
    if (closed_) {
        return;
    }
    closed_ = true;
    server_.loop().forget(fd_, *this);
    ::close(fd_);
    cancel();
    pending_.clear_and_dispose([](pending_request* r) {
        r->connection_ = nullptr;
        r->leave();
    });
    wake_those_who_wait();
    server_.room().remove(std::exchange(counted_, 0));
    server_.closed(*this);
}

// One timer for both directions, set only while a request is being received or an answer waits to
// be read.
void connection::arm_timer()
{
    if (fibers::timer::is_linked() || closed_) {
        return;
    }
    const bool receiving = !demux_.idle();
    if (receiving || sent_ < out_.size()) {
        const auto now = std::chrono::steady_clock::now();
        read_at_timer_ = bytes_read_;
        if (sent_at_timer_ != bytes_sent_ || !waits_to_send_) {
            sent_at_timer_ = bytes_sent_;
            not_read_since_ = now;
        }
        waits_to_send_ = sent_ < out_.size();
        const auto wait =
            receiving ? server_.settings().receive_timeout_seconds /
                            static_cast<double>(fastcgi::demux::silent_intervals)
                      : std::chrono::duration<double>(server_.settings().send_timeout_seconds);
        server_.timers().enter(*this,
                               now + std::chrono::duration_cast<std::chrono::milliseconds>(wait));
    }
}

void connection::on_time()
{
    const bool waited = waits_to_send_ && sent_ < out_.size() && bytes_sent_ == sent_at_timer_;
    if (waited && !writable_ &&
        std::chrono::steady_clock::now() - not_read_since_ >=
            server_.settings().send_timeout_seconds) {
        server_.metrics().too_slow_readers.Increment();
        spdlog::warn("connection dropped: the peer has not read for {} s (send_timeout_seconds)",
                     server_.settings().send_timeout_seconds.count());
        return close();
    }
    if (holds_up_others(std::chrono::steady_clock::now())) {
        server_.metrics().too_slow_readers.Increment();
        spdlog::warn("connection dropped: the peer has taken none of its answers whole for {} s "
                     "(send_timeout_seconds), and others wait for room (max_answer_bytes)",
                     server_.settings().send_timeout_seconds.count());
        return close();
    }
    demux_.age(*this);
    if (bytes_read_ == read_at_timer_) {
        ++silent_intervals_;
    }
    if (!closed_ && demux_.half_received() == 0 && !demux_.idle() &&
        silent_intervals_ >= fastcgi::demux::silent_intervals) {
        server_.metrics().too_slow_requests.Increment();
        spdlog::warn("connection dropped: the peer stopped in the middle of a record "
                     "(receive_timeout_seconds)");
        return close();
    }
    arm_timer();
}

} // namespace pollster
