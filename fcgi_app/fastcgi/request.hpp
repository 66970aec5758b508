// One complete request, as a handler gets it. A value; any thread.
#pragma once

#include "fcgi_app/fastcgi/demux.hpp"
#include "fcgi_app/fastcgi/params.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fastcgi {

// Why a request cannot be worked on. The handler says so to the peer, in its own words: the status
// in brackets is the one that HTTP has for it.
enum class request_error : std::uint8_t {
    none,
    params_too_large, // max_params_bytes; neither params nor body [431]
    body_too_large,   // max_body_bytes; no body [413]
    too_slow,         // silent for receive_timeout; params and body are incomplete [408]
    malformed_params, // no params [400]
};

class request {
public:
    request() = default; // for tests: params may point to anything that lives long enough
    request(std::uint64_t its_number, raw_request&& raw);

    // The value of the first param of that name; none is an empty view.
    std::string_view param(std::string_view name) const;
    // Frees the memory of the params. A request that waits for long no longer needs them.
    void drop_params();

    std::uint64_t number = 0; // counts the requests of a server: names this one in a log
    request_error error = request_error::none;
    // In the order in which they came; a name may come twice. The views are good as long as this
    // request, or what it was moved to.
    std::vector<name_value> params;
    std::string body;

private:
    std::string encoded_; // what `params` point to
};

} // namespace fastcgi
