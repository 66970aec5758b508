#include "fcgi_app/cli/web.hpp"

#include "fcgi_app/fastcgi/record.hpp"
#include "text/number.hpp"

#include <fastcgi.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>

namespace pollster::cli {

namespace {

// HTTP/1.0, so that the answer ends with the connection, and in no other way.
std::string as_http(const web_request& r, const std::string& host, const std::string& mount)
{
    std::string text =
        r.method + ' ' + mount + r.path + " HTTP/1.0\r\nHost: " + host +
        "\r\nUser-Agent: pollster\r\nContent-Length: " + std::to_string(r.body.size()) + "\r\n";
    for (const auto& [name, value] : r.headers) {
        text += name + ": " + value + "\r\n";
    }
    return text + "\r\n" + r.body;
}

// HTTP_AUTHORIZATION, CONTENT_TYPE (RFC 3875, 4.1.18).
std::string cgi_name(const std::string& header)
{
    std::string name = header == "Content-Type" ? "" : "HTTP_";
    for (const char c : header) {
        name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return name;
}

void append_length(std::string& out, std::size_t n)
{
    if (n < 128) {
        out += static_cast<char>(n);
        return;
    }
    out += static_cast<char>(0x80U | (n >> 24));
    for (const unsigned shift : {16U, 8U, 0U}) {
        out += static_cast<char>((n >> shift) & 0xffU);
    }
}

void append_stream(std::string& out, unsigned char type, std::string_view content)
{
    constexpr std::size_t largest = 32'768;
    for (; !content.empty(); content.remove_prefix(std::min(largest, content.size()))) {
        const auto piece = content.substr(0, largest);
        fastcgi::append_header(out, type, 1, static_cast<std::uint16_t>(piece.size()));
        out += piece;
    }
    fastcgi::append_header(out, type, 1, 0);
}

std::string as_fastcgi(const web_request& r, const std::string& mount)
{
    const auto query = std::min(r.path.find('?'), r.path.size());
    std::vector<std::pair<std::string, std::string>> params{
        {"REQUEST_METHOD", r.method},
        {"SCRIPT_NAME", mount},
        {"PATH_INFO", r.path.substr(0, query)},
        {"QUERY_STRING", r.path.substr(std::min(query + 1, r.path.size()))},
        {"SERVER_PROTOCOL", "HTTP/1.1"},
        {"CONTENT_LENGTH", std::to_string(r.body.size())}};
    for (const auto& [name, value] : r.headers) {
        params.emplace_back(cgi_name(name), value);
    }
    std::string pairs;
    for (const auto& [name, value] : params) {
        append_length(pairs, name.size());
        append_length(pairs, value.size());
        pairs += name + value;
    }
    std::string out;
    fastcgi::append_header(out, FCGI_BEGIN_REQUEST, 1, 8);
    out.append("\0\1\0\0\0\0\0\0", 8); // responder, and the connection ends with the answer
    append_stream(out, FCGI_PARAMS, pairs);
    append_stream(out, FCGI_STDIN, r.body);
    return out;
}

// Head and body, up to the end of the request.
std::string content_of_records(byte_stream& peer)
{
    std::string content;
    fastcgi::record_reader reader;
    for (std::string bytes = peer.receive(); !bytes.empty(); bytes = peer.receive()) {
        std::string_view left = bytes;
        for (auto part = reader.next(left); part != fastcgi::record_reader::part::nothing;
             part = reader.next(left)) {
            if (reader.header().type == FCGI_END_REQUEST) {
                return content;
            }
            if (part == fastcgi::record_reader::part::content &&
                reader.header().type == FCGI_STDOUT) {
                content += reader.content();
            }
        }
    }
    return {};
}

std::string all_of(byte_stream& peer)
{
    std::string all;
    for (std::string bytes = peer.receive(); !bytes.empty(); bytes = peer.receive()) {
        all += bytes;
    }
    return all;
}

// "HTTP/1.1 200 OK" or "Status: 200 OK" in the head, then an empty line and the body.
std::optional<web_answer> parse_answer(std::string_view text)
{
    const auto head_end = text.find("\r\n\r\n");
    if (head_end == std::string_view::npos) {
        return std::nullopt;
    }
    const auto head = text.substr(0, head_end);
    for (const std::string_view before : {"HTTP/1.1 ", "HTTP/1.0 ", "Status: "}) {
        const auto at = head.find(before);
        if (at == std::string_view::npos) {
            continue;
        }
        const auto status = text::parse_number<int>(head.substr(at + before.size(), 3), 100, 999);
        if (!status) {
            return std::nullopt;
        }
        return web_answer{*status, std::string(text.substr(head_end + 4))};
    }
    return std::nullopt;
}

} // namespace

db::outcome<web_place> web_place::parse(const std::string& text, const std::string& mount)
{
    web_place place;
    place.name_ = text;
    std::string_view rest = text;
    const auto begins = [&rest](std::string_view with) {
        const bool yes = rest.starts_with(with);
        rest.remove_prefix(yes ? with.size() : 0);
        return yes;
    };
    const bool socket = begins("unix:");
    if (rest.starts_with('/')) {
        place.socket_ = rest;
        place.mount_ = mount;
        return place;
    }
    place.tls_ = begins("https://");
    if (socket || (!place.tls_ && !begins("http://"))) {
        return db::refusal{"\"" + text +
                           "\" is neither http://HOST/MOUNT, nor https://…, nor a socket's path"};
    }
    auto host = rest.substr(0, rest.find('/'));
    place.mount_ = rest.substr(host.size());
    while (place.mount_.ends_with('/')) {
        place.mount_.pop_back();
    }
    place.port_ = place.tls_ ? "443" : "80";
    if (const auto colon = host.rfind(':');
        colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
        place.port_ = host.substr(colon + 1);
        host = host.substr(0, colon);
    }
    place.host_ = host;
    if (host.empty() || !text::parse_number<int>(place.port_, 1, 65'535)) {
        return db::refusal{"\"" + text + "\" names no host and port"};
    }
    return place;
}

db::outcome<web_place::asked> web_place::ask(const web_request& r,
                                             std::chrono::seconds patience) const
{
    auto peer = socket_.empty() ? connect_tcp(tls_, host_, port_, patience)
                                : connect_unix(socket_, patience);
    if (!peer) {
        return peer.error();
    }
    asked out;
    out.fastcgi_ = !socket_.empty();
    out.peer_ = std::move(*peer);
    const bool usual = port_ == (tls_ ? "443" : "80");
    if (!out.peer_->send(out.fastcgi_ ? as_fastcgi(r, mount_)
                                      : as_http(r, usual ? host_ : host_ + ':' + port_, mount_))) {
        return db::refusal{name_ + " does not take the request"};
    }
    return out;
}

db::outcome<web_answer> web_place::asked::answer()
{
    if (auto parsed = parse_answer(fastcgi_ ? content_of_records(*peer_) : all_of(*peer_))) {
        return std::move(*parsed);
    }
    return db::refusal{"no answer, or not one of HTTP"};
}

} // namespace pollster::cli
