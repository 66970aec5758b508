#include "tests/e2e/http_client.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <sys/socket.h>

#include <cstdint>

namespace e2e {

namespace asio = boost::asio;
namespace http = boost::beast::http;

std::string reply::header(const std::string& name) const
{
    return std::string(headers[name]);
}

boost::json::value reply::json() const
{
    return boost::json::parse(body);
}

http_client::http_client(unsigned short port, std::string host)
    : port_(port)
    , host_(std::move(host))
{
}

// Beast's time limits hold for asynchronous operations only.
template <class Start>
void http_client::wait_for(std::chrono::milliseconds limit, Start start)
{
    boost::system::error_code failed;
    stream_->expires_after(limit);
    start([&failed](boost::system::error_code e, auto&&...) { failed = e; });
    context_.restart();
    context_.run();
    stream_->expires_never();
    if (failed) {
        stream_.reset();
        throw boost::system::system_error(failed);
    }
}

void http_client::connect()
{
    if (stream_) {
        return;
    }
    stream_.emplace(context_);
    buffer_.clear();
    const asio::ip::tcp::endpoint there(asio::ip::make_address(host_), port_);
    wait_for(tests::patience, [&](auto done) { stream_->async_connect(there, done); });
}

void http_client::send(const std::string& method, const std::string& target,
                       const std::string& body, const header_list& headers)
{
    connect();
    http::request<http::string_body> request;
    request.method_string(method);
    request.target(target);
    request.version(11);
    request.set(http::field::host, "localhost");
    for (const auto& [name, value] : headers) {
        request.insert(name, value);
    }
    if (!body.empty()) {
        request.body() = body;
    }
    request.prepare_payload();
    wait_for(tests::patience, [&](auto done) { http::async_write(*stream_, request, done); });
}

reply http_client::receive(std::chrono::milliseconds limit)
{
    http::response_parser<http::string_body> parser;
    parser.body_limit(std::uint64_t{256} << 20);
    wait_for(limit, [&](auto done) { http::async_read(*stream_, buffer_, parser, done); });
    auto message = parser.release();
    if (!message.keep_alive()) {
        stream_.reset();
    }
    return {static_cast<int>(message.result_int()), message.base(), std::move(message.body())};
}

reply http_client::call(const std::string& method, const std::string& target,
                        const std::string& body, const header_list& headers,
                        std::chrono::milliseconds limit)
{
    send(method, target, body, headers);
    return receive(limit);
}

bool http_client::something_arrived()
{
    char byte = 0;
    return buffer_.size() > 0 ||
           recv(stream_->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

void http_client::send_raw(const std::string& bytes)
{
    connect();
    wait_for(tests::patience,
             [&](auto done) { asio::async_write(*stream_, asio::buffer(bytes), done); });
}

void http_client::finish_sending()
{
    stream_->socket().shutdown(asio::ip::tcp::socket::shutdown_send);
}

void http_client::close()
{
    stream_.reset();
}

} // namespace e2e
