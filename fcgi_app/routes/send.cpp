#include "fcgi_app/routes/send.hpp"

#include <array>
#include <string>

namespace routes {

void send(fastcgi::exchange& peer, std::string_view cors_lines, const http::response& r,
          bool head_only)
{
    peer.begin(std::string(cors_lines) + http::to_cgi(r, true));
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
