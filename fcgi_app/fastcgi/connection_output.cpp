// How a connection writes: what is queued leaves in as few calls as possible, and who writes more
// than the peer takes waits.
#include "fcgi_app/fastcgi/connection.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <iterator>
#include <utility>

namespace fastcgi {

// Small answers ask for no room; but when there is none, no second one is put behind what a peer
// has not taken.
bool connection::full() const
{
    return out_.unsent() > owner_.allowed.max_queued_bytes ||
           (out_.unsent() > 0 && owner_.room.exceeded());
}

send_queue& connection::queue()
{
    if (out_.unsent() == 0) {
        out_.give_memory(owner_.take_buffer());
    }
    return out_;
}

void connection::wait_for_room(const pending_request& r)
{
    if (r.attached() && out_.unsent() > owner_.allowed.max_queued_bytes) {
        owner_.watching.writer_waits();
    }
    while (r.attached() && full()) {
        sleep_until_flushed();
    }
}

// Until the peer has taken the pieces before, whoever sent them, and few others send one now.
void connection::wait_for_turn(const pending_request& r)
{
    for (;;) {
        while (r.attached() && out_.unsent() > 0) {
            sleep_until_flushed();
        }
        if (!r.attached()) {
            return;
        }
        owner_.steps.pass();
        if (!r.attached() || out_.unsent() == 0) {
            return;
        }
    }
}

void connection::sleep_until_flushed()
{
    fibers::sleeper here;
    waiting_for_room_.push_back(&here);
    here.sleep();
}

// Each looks again whether there is room when its turn comes.
void connection::wake_those_who_wait()
{
    for (auto* sleeper : std::exchange(waiting_for_room_, {})) {
        sleeper->wake();
    }
}

void connection::write(const pending_request& r, std::string_view content)
{
    queue().write(r.id(), content);
    queue_flush();
}

void connection::begin_large()
{
    if (large_++ == 0 && !behind_since_) {
        behind_since_ = std::chrono::steady_clock::now();
    }
}

void connection::end_large()
{
    if (--large_ > 0) {
        behind_since_ = std::chrono::steady_clock::now();
    } else {
        behind_since_.reset();
    }
}

// One record. Returns what is left.
std::span<std::string_view> connection::send_piece(request_id id, std::span<std::string_view> parts)
{
    const auto left = queue().write_piece(id, parts);
    flush();
    arm_timer();
    return left;
}

void connection::end(pending_request& r)
{
    queue_end(r);
    // Behind nginx there is one request at a time. The answers of a peer that multiplexes leave
    // together in the next turn.
    if (pending_.empty()) {
        flush_now();
    } else {
        queue_flush();
    }
}

void connection::send_written()
{
    if (std::next(pending_.begin()) == pending_.end()) {
        flush_now();
    }
}

void connection::flush_now()
{
    flush();
    arm_timer();
    if (!readable_ && fibers::turn_task::is_linked()) {
        fibers::turn_task::unlink(); // by write(): nothing is left to do
    }
}

void connection::abandon(pending_request& r)
{
    queue_end(r);
    queue_flush();
}

void connection::queue_end(pending_request& r)
{
    queue().end(r.id());
    demux_.finish(r.id());
    pending_.erase(pending_.iterator_to(r));
    forget(r);
    finishing_ = finishing_ || !r.keep_conn();
    say_goodbye();
    r.detach();
}

// Not sent at once: what is written in one turn leaves in one system call for each connection.
void connection::queue_flush()
{
    if (!closed_) {
        owner_.loop.at_next_turn(*this);
    }
}

void connection::flush()
{
    while (writable_ && !closed_ && out_.unsent() > 0) {
        const auto bytes = out_.front();
        const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0) {
            out_.taken(static_cast<std::size_t>(n));
            bytes_sent_ += static_cast<std::size_t>(n);
        } else if (errno == EAGAIN) {
            writable_ = false;
            if (!std::exchange(watches_output_, true) && !owner_.loop.watch_output(fd_, *this)) {
                return close();
            }
        } else if (errno != EINTR) {
            return close();
        }
    }
    if (closed_) {
        return;
    }
    if (out_.unsent() == 0) {
        owner_.give_buffer(out_.take_memory()); // an idle connection has no buffer
    } else {
        out_.tidy();
    }
    count_unsent();
    if (!full()) {
        wake_those_who_wait();
        if (readable_) {
            owner_.loop.at_next_turn(*this);
        }
    }
    close_if_done();
}

void connection::count_unsent()
{
    const std::size_t now = out_.unsent();
    if (now > in_budget_) {
        owner_.room.add(now - in_budget_);
    } else if (now < in_budget_) {
        owner_.room.remove(in_budget_ - now);
    }
    in_budget_ = now;
    if (now == 0 && large_ == 0) {
        behind_since_.reset();
    } else if (!behind_since_) {
        behind_since_ = std::chrono::steady_clock::now();
    }
}

} // namespace fastcgi
