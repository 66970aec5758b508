#include "fcgi_app/fastcgi/encode.hpp"

#include <fastcgi.h>

#include <algorithm>
#include <array>
#include <bit>

namespace fastcgi {

namespace {

template <class Body>
void append_body(std::string& out, const Body& body)
{
    out.append(std::bit_cast<std::array<char, sizeof body>>(body).data(), sizeof body);
}

} // namespace

void append_stdout(std::string& out, request_id id, std::string_view content)
{
    while (!content.empty()) {
        const auto piece = content.substr(0, largest_stdout);
        append_header(out, FCGI_STDOUT, id, static_cast<std::uint16_t>(piece.size()));
        out.append(piece);
        content.remove_prefix(piece.size());
    }
}

std::span<std::string_view> append_record(std::string& out, request_id id,
                                          std::span<std::string_view> parts)
{
    std::size_t size = 0;
    for (const auto part : parts) {
        size = std::min(size + part.size(), largest_stdout);
    }
    append_header(out, FCGI_STDOUT, id, static_cast<std::uint16_t>(size));
    while (size > 0) {
        const auto piece = parts.front().substr(0, size);
        out.append(piece);
        size -= piece.size();
        parts.front().remove_prefix(piece.size());
        if (parts.front().empty()) {
            parts = parts.subspan(1);
        }
    }
    while (!parts.empty() && parts.front().empty()) {
        parts = parts.subspan(1);
    }
    return parts;
}

void append_end(std::string& out, request_id id)
{
    append_header(out, FCGI_STDOUT, id, 0);
    append_end_request(out, id, FCGI_REQUEST_COMPLETE);
}

void append_goodbye(std::string& out, request_id id)
{
    append_header(out, FCGI_STDERR, id, 0);
}

void append_answer(std::string& out, request_id id, std::string_view content)
{
    append_stdout(out, id, content);
    append_end(out, id);
}

void append_end_request(std::string& out, request_id id, unsigned char protocol_status,
                        std::uint32_t app_status)
{
    FCGI_EndRequestBody body{};
    body.appStatusB3 = static_cast<unsigned char>(app_status >> 24);
    body.appStatusB2 = static_cast<unsigned char>(app_status >> 16 & 0xff);
    body.appStatusB1 = static_cast<unsigned char>(app_status >> 8 & 0xff);
    body.appStatusB0 = static_cast<unsigned char>(app_status & 0xff);
    body.protocolStatus = protocol_status;
    append_header(out, FCGI_END_REQUEST, id, sizeof body);
    append_body(out, body);
}

void append_unknown_type(std::string& out, unsigned char type)
{
    FCGI_UnknownTypeBody body{};
    body.type = type;
    append_header(out, FCGI_UNKNOWN_TYPE, FCGI_NULL_REQUEST_ID, sizeof body);
    append_body(out, body);
}

} // namespace fastcgi
