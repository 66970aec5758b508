// The records that one peer has not taken yet. What one request writes before any of it is sent is
// one record, so that the head and the body of a small answer leave as one. Sans-IO; one thread.
#pragma once

#include "fcgi_app/fastcgi/record.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fastcgi {

class send_queue {
public:
    void append(std::string_view records);
    // STDOUT content; none makes no record, for that would end the stream.
    void write(request_id id, std::string_view content);
    // One STDOUT record with as much as it takes of the parts, which are used up; returns those
    // that are left. At least one byte.
    std::span<std::string_view> write_piece(request_id id, std::span<std::string_view> parts);
    void end(request_id id);     // of STDOUT and of the request
    void goodbye(request_id id); // see append_goodbye()

    std::size_t unsent() const { return bytes_.size() - sent_; }
    std::string_view front() const { return std::string_view(bytes_).substr(sent_); }
    void taken(std::size_t bytes); // off the front

    // Memory to fill, for an empty queue; and back from it when it is empty again.
    void give_memory(std::string&& empty) { bytes_ = std::move(empty); }
    std::string take_memory();
    // Drops what was taken, now and then.
    void tidy();

private:
    std::string bytes_;
    std::size_t sent_ = 0;
    // The last record, if more of the same request may be added to it: none of it is sent yet.
    std::uint16_t open_bytes_ = 0; // of its content; 0: there is none
    request_id open_id_ = 0;
};

} // namespace fastcgi
