// Connections to a server, for fcgi_app/cli/web.hpp. Blocking; any thread.
#pragma once

#include "db/admin.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace pollster::cli {

// A connection, as bytes. Blocks, but for each step no longer than its patience.
class byte_stream {
public:
    virtual ~byte_stream() = default;
    virtual bool send(std::string_view all) = 0;
    // What has come; empty: the end, or nothing came in time.
    virtual std::string receive() = 0;
    virtual void hang_up() = 0; // whoever is waiting for the peer goes on; any thread
};

// `patience` is that of connecting, and of each step of sending and receiving.
db::outcome<std::unique_ptr<byte_stream>> connect_unix(const std::string& path,
                                                       std::chrono::seconds patience);
// `host` as in an address: an IPv6 number has brackets. With `tls` its certificate must be good,
// by the host's store.
db::outcome<std::unique_ptr<byte_stream>> connect_tcp(bool tls, const std::string& host,
                                                      const std::string& port,
                                                      std::chrono::seconds patience);

} // namespace pollster::cli
