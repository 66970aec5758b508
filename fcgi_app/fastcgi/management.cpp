#include "fcgi_app/fastcgi/management.hpp"

#include "fcgi_app/fastcgi/params.hpp"
#include "fcgi_app/fastcgi/record.hpp"

#include <fastcgi.h>

#include <array>
#include <cstdint>

namespace fastcgi {

void append_values(std::string& out, std::string_view asked, const limits& l)
{
    struct variable {
        std::string_view name;
        std::string value;
        bool wanted = false;
    };
    // MAX_REQS is what a peer may have in flight on one connection: the number that a multiplexing
    // peer needs, and one that this process never refuses.
    std::array<variable, 3> known{{{FCGI_MAX_CONNS, std::to_string(l.max_connections)},
                                   {FCGI_MAX_REQS, std::to_string(l.max_requests_per_connection)},
                                   {FCGI_MPXS_CONNS, "1"}}};
    while (const auto pair = take_param(asked)) {
        for (auto& v : known) {
            v.wanted = v.wanted || v.name == pair->first;
        }
    }
    if (l.max_connections == 0) {
        known[0].wanted = false;
    }
    std::string content;
    for (const auto& v : known) {
        if (v.wanted) {
            append_param(content, v.name, v.value);
        }
    }
    append_header(out, FCGI_GET_VALUES_RESULT, FCGI_NULL_REQUEST_ID,
                  static_cast<std::uint16_t>(content.size()));
    out.append(content);
}

} // namespace fastcgi
