#include "fcgi_app/fastcgi/send_queue.hpp"

#include "fcgi_app/fastcgi/encode.hpp"

#include <fastcgi.h>

#include <utility>

namespace fastcgi {

void send_queue::append(std::string_view records)
{
    open_bytes_ = 0;
    bytes_ += records;
}

void send_queue::write(request_id id, std::string_view content)
{
    while (!content.empty()) {
        if (open_bytes_ == 0 || open_id_ != id || open_bytes_ == largest_stdout) {
            append_header(bytes_, FCGI_STDOUT, id, 0);
            open_bytes_ = 0;
            open_id_ = id;
        }
        const auto piece = content.substr(0, largest_stdout - open_bytes_);
        bytes_ += piece;
        content.remove_prefix(piece.size());
        open_bytes_ = static_cast<std::uint16_t>(open_bytes_ + piece.size());
        const std::size_t header = bytes_.size() - open_bytes_ - FCGI_HEADER_LEN;
        bytes_[header + 4] = static_cast<char>(open_bytes_ >> 8);
        bytes_[header + 5] = static_cast<char>(open_bytes_ & 0xff);
    }
}

std::span<std::string_view> send_queue::write_piece(request_id id,
                                                    std::span<std::string_view> parts)
{
    open_bytes_ = 0;
    return append_record(bytes_, id, parts);
}

void send_queue::end(request_id id)
{
    open_bytes_ = 0;
    append_end(bytes_, id);
}

void send_queue::goodbye(request_id id)
{
    open_bytes_ = 0;
    append_goodbye(bytes_, id);
}

void send_queue::taken(std::size_t bytes)
{
    sent_ += bytes;
    open_bytes_ = 0;
}

std::string send_queue::take_memory()
{
    sent_ = 0;
    return std::exchange(bytes_, {});
}

void send_queue::tidy()
{
    if (sent_ > bytes_.size() / 2) {
        bytes_.erase(0, sent_);
        sent_ = 0;
    }
}

} // namespace fastcgi
