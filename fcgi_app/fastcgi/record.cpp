#include "fcgi_app/fastcgi/record.hpp"

#include <fastcgi.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace fastcgi {

namespace {

static_assert(sizeof(FCGI_Header) == FCGI_HEADER_LEN);

record_header decode(const char* bytes)
{
    FCGI_Header raw;
    std::memcpy(&raw, bytes, sizeof raw);
    record_header h;
    h.version = raw.version;
    h.type = raw.type;
    h.id = static_cast<request_id>(raw.requestIdB1 << 8 | raw.requestIdB0);
    h.content_length = static_cast<std::uint16_t>(raw.contentLengthB1 << 8 | raw.contentLengthB0);
    h.padding_length = raw.paddingLength;
    return h;
}

} // namespace

void append_header(std::string& out, unsigned char type, request_id id,
                   std::uint16_t content_length, std::uint8_t padding_length)
{
    FCGI_Header raw{};
    raw.version = FCGI_VERSION_1;
    raw.type = type;
    raw.requestIdB1 = static_cast<unsigned char>(id >> 8);
    raw.requestIdB0 = static_cast<unsigned char>(id & 0xff);
    raw.contentLengthB1 = static_cast<unsigned char>(content_length >> 8);
    raw.contentLengthB0 = static_cast<unsigned char>(content_length & 0xff);
    raw.paddingLength = padding_length;
    out.append(std::bit_cast<std::array<char, sizeof raw>>(raw).data(), sizeof raw);
}

record_reader::part record_reader::next(std::string_view& bytes)
{
    if (phase_ == phase::padding) {
        const auto skipped = std::min<std::size_t>(left_, bytes.size());
        bytes.remove_prefix(skipped);
        left_ = static_cast<std::uint16_t>(left_ - skipped);
        if (left_ > 0) {
            return part::nothing;
        }
        phase_ = phase::header;
        have_ = 0;
    }
    if (phase_ == phase::header) {
        const auto taken = std::min(sizeof partial_ - have_, bytes.size());
        bytes.copy(partial_ + have_, taken);
        bytes.remove_prefix(taken);
        have_ = static_cast<std::uint8_t>(have_ + taken);
        if (have_ < sizeof partial_) {
            return part::nothing;
        }
        header_ = decode(partial_);
        left_ = header_.content_length;
        phase_ = phase::content;
        return part::header;
    }
    if (left_ == 0) {
        left_ = header_.padding_length;
        phase_ = phase::padding;
        return part::end;
    }
    if (bytes.empty()) {
        return part::nothing;
    }
    content_ = bytes.substr(0, left_);
    bytes.remove_prefix(content_.size());
    left_ = static_cast<std::uint16_t>(left_ - content_.size());
    return part::content;
}

} // namespace fastcgi
