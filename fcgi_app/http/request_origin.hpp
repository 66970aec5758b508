// Where a browser's request comes from: a page of this server's own origin, of an origin on the
// list, or of another one. A foreign page cannot forge Sec-Fetch-Site (Fetch Metadata), Origin
// (Fetch Standard, section 3.1) and Host. Any thread.
#pragma once

#include "fcgi_app/http/cors.hpp"
#include "fcgi_app/http/request.hpp"

namespace http {

enum class request_origin {
    own,     // this server's pages, or a listed origin
    foreign, // another origin's page
    unknown, // not known: an old browser, or no browser
};

request_origin request_origin_of(const request& r, const cors& listed);

} // namespace http
