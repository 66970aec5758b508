// FastCGI records (specification, section 3.3): their header, and a reader that cuts a peer's bytes
// into them, sans-IO. Never fails and never allocates; whether a header makes sense is the demux's
// business. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fastcgi {

using request_id = std::uint16_t; // 0 is the connection itself

struct record_header {
    unsigned char version{};
    unsigned char type{};
    request_id id{};
    std::uint16_t content_length{};
    std::uint8_t padding_length{};
};

// Appends the header of a version 1 record.
void append_header(std::string& out, unsigned char type, request_id id,
                   std::uint16_t content_length, std::uint8_t padding_length = 0);

class record_reader {
public:
    enum class part {
        nothing, // all bytes are used up
        header,  // a new record: header() is valid until the next one
        content, // content() is a piece of it, never empty: as much as was there
        end,     // its content is complete (for a record without content right after the header)
    };

    // Takes the next part off the front of `bytes`. Padding is skipped silently, after `end`.
    part next(std::string_view& bytes);

    const record_header& header() const { return header_; }
    std::string_view content() const { return content_; } // a view into what next() was given
    bool between_records() const { return phase_ == phase::header && have_ == 0; }
    bool in_header() const { return phase_ == phase::header && have_ > 0; }

private:
    enum class phase : std::uint8_t { header, content, padding };

    record_header header_;
    std::string_view content_;
    std::uint16_t left_ = 0; // of the content or padding
    std::uint8_t have_ = 0;  // bytes of a header that came in pieces
    phase phase_ = phase::header;
    char partial_[8] = {};
};

} // namespace fastcgi
