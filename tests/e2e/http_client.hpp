// HTTP/1.1 for tests, on Boost.Beast. A connection carries one call at a time and is kept between
// calls; a call may be sent in one step and its answer awaited in another, which is how a poll is
// left parked. One thread.
#pragma once

#include "tests/patience.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace e2e {

using header_list = std::vector<std::pair<std::string, std::string>>;

struct reply {
    int status = 0;
    boost::beast::http::fields headers;
    std::string body;

    std::string header(const std::string& name) const; // empty: absent
    boost::json::value json() const;                   // throws if the body is none
};

class http_client {
public:
    explicit http_client(unsigned short port,
                         std::string host = "127.0.0.1"); // connects when first used

    // Throws boost::system::system_error when the connection fails or nothing comes within `limit`.
    reply call(const std::string& method, const std::string& target, const std::string& body = {},
               const header_list& headers = {}, std::chrono::milliseconds limit = tests::patience);

    void send(const std::string& method, const std::string& target, const std::string& body = {},
              const header_list& headers = {});
    reply receive(std::chrono::milliseconds limit = tests::patience);
    // Has an answer, or the end of the connection, arrived? Does not wait.
    bool something_arrived();

    void send_raw(const std::string& bytes); // as they are
    void finish_sending();                   // half-closes
    void close();                            // as a browser that leaves

private:
    void connect();
    template <class Start>
    void wait_for(std::chrono::milliseconds limit, Start start);

    boost::asio::io_context context_;
    std::optional<boost::beast::tcp_stream> stream_;
    boost::beast::flat_buffer buffer_;
    unsigned short port_;
    std::string host_;
};

} // namespace e2e
