#include "fcgi_app/routes/send.hpp"

#include <array>
#include <string>

namespace routes {

void send(fastcgi::exchange& peer, const echoed& of_request, const http::response& r,
          bool head_only)
{
    std::string head;
    head.reserve(512); // the usual head, CORS included, fits
    head += of_request.cors_lines;
    http::append_trace(head, of_request.trace);
    http::append_head(head, r);
    peer.begin(head);
    if (head_only) {
        // The head is all.
    } else if (r.body.size() <= fastcgi::exchange::in_one) {
        peer.write(r.body);
    } else {
        std::array<std::string_view, 1> parts{r.body};
        peer.write(parts);
    }
    peer.end();
}

} // namespace routes
