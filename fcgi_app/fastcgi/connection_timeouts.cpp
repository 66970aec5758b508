// When a connection gives its peer up. One timer for both directions, set only while a request is
// being received or something waits to be read.
#include "fcgi_app/fastcgi/connection.hpp"

#include <utility>

namespace fastcgi {

void connection::arm_timer()
{
    if (fibers::timer::is_linked() || closed_) {
        return;
    }
    const bool receiving = !demux_.idle();
    if (receiving || out_.unsent() > 0) {
        const auto now = std::chrono::steady_clock::now();
        read_at_timer_ = bytes_read_;
        if (sent_at_timer_ != bytes_sent_ || !waits_to_send_) {
            sent_at_timer_ = bytes_sent_;
            not_read_since_ = now;
        }
        waits_to_send_ = out_.unsent() > 0;
        const auto wait = receiving ? owner_.allowed.receive_timeout /
                                          static_cast<double>(demux::silent_intervals)
                                    : std::chrono::duration<double>(owner_.allowed.send_timeout);
        owner_.timers.enter(*this,
                            now + std::chrono::duration_cast<std::chrono::milliseconds>(wait));
    }
}

void connection::on_time()
{
    const auto now = std::chrono::steady_clock::now();
    const bool waited = waits_to_send_ && out_.unsent() > 0 && bytes_sent_ == sent_at_timer_;
    if (waited && !writable_ && now - not_read_since_ >= owner_.allowed.send_timeout) {
        return drop(slow_peer::does_not_read);
    }
    if (holds_up_others(now)) {
        return drop(slow_peer::holds_up_others);
    }
    demux_.age(*this);
    if (bytes_read_ == read_at_timer_) {
        ++silent_intervals_;
    }
    if (!closed_ && demux_.half_received() == 0 && !demux_.idle() &&
        silent_intervals_ >= demux::silent_intervals) {
        return drop(slow_peer::stopped_in_a_record);
    }
    arm_timer();
}

// A peer that takes a little now and then is never silent, but what it does not take is kept from
// others.
bool connection::holds_up_others(fibers::steady_time now) const
{
    return behind_since_ && now - *behind_since_ > owner_.allowed.send_timeout &&
           owner_.room.others_wait();
}

void connection::drop(slow_peer why)
{
    owner_.watching.connection_too_slow(why);
    close();
}

} // namespace fastcgi
