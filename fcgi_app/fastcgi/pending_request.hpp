// A delivered request until its answer is queued: the exchange of a connection. Owned by whoever
// answers; outlives its connection if need be. Thread of the event loop only.
#pragma once

#include "fcgi_app/fastcgi/exchange.hpp"
#include "fcgi_app/fastcgi/record.hpp"

#include <boost/intrusive/set.hpp>

namespace fastcgi {

class connection;

class pending_request final
    : public exchange,
      public boost::intrusive::set_base_hook<boost::intrusive::optimize_size<true>> {
public:
    // `late`: it came when the server was already stopping.
    pending_request(connection& c, request_id id, bool keep_conn, bool late);
    ~pending_request() override;
    pending_request(const pending_request&) = delete;
    pending_request& operator=(const pending_request&) = delete;

    void begin(std::string_view head) override;
    void write(std::string_view bytes) override;
    void write(std::span<std::string_view> parts) override;
    void flush() override;
    void end() override;
    bool full() const override;
    void wait_until_it_reads() override;
    bool gone() const override { return gone_; }
    void on_disconnect(disconnect_listener* listener) override;

    // For the connection.
    struct by_id {
        using type = request_id;
        type operator()(const pending_request& r) const { return r.id_; }
    };
    request_id id() const { return id_; }
    bool keep_conn() const { return keep_conn_; }
    bool late() const { return late_; }
    bool attached() const { return connection_ != nullptr; }
    void detach() { connection_ = nullptr; } // it has ended, or the connection has
    void leave();                            // the peer left or aborted

private:
    connection* connection_; // null: it has nothing to do with this any more
    disconnect_listener* listener_ = nullptr;
    request_id id_;
    bool keep_conn_;
    bool late_;
    bool gone_ = false;
    bool only_begun_ = false; // nothing was written after the head
};

// A chunk of 64 bytes of the heap, for each of a million requests that wait.
static_assert(sizeof(pending_request) <= 56);

} // namespace fastcgi
