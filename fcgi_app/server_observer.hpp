// What happens on the FastCGI connections, in the log (docs/OPERATIONS.md, "What the log says") and
// in the metrics. Thread of the event loop only.
#pragma once

#include "fcgi_app/fastcgi/limits.hpp"
#include "fcgi_app/fastcgi/observer.hpp"
#include "fcgi_app/routes/metrics.hpp"

namespace pollster {

class server_observer final : public fastcgi::observer {
public:
    // Both outlive it.
    server_observer(const fastcgi::limits& allowed, routes::metrics& counts)
        : allowed_(allowed)
        , metrics_(counts)
    {
    }

    void connection_opened() override;
    void connection_closed() override;
    void connection_refused(std::size_t open) override;
    void connection_broken(std::string_view reason) override;
    void connection_too_slow(fastcgi::slow_peer why) override;
    void accept_failed(int error) override;
    void watch_failed(int error) override;
    void request_received(const fastcgi::request& r) override;
    void request_overloaded(fastcgi::overload by, std::size_t in_flight,
                            bool first_of_its_connection) override;
    void writer_waits() override;
    void handler_threw(std::uint64_t number, std::string_view what) override;
    void stop_cut_off(std::size_t connections) override;

private:
    const fastcgi::limits& allowed_;
    routes::metrics& metrics_;
};

} // namespace pollster
