#include "fcgi_app/http/request_origin.hpp"

#include "fcgi_app/http/text.hpp"

namespace http {

namespace {

// "https://shop.example" is the origin of "shop.example". Behind a proxy that ends TLS we may have
// been asked over http, so https is believed then, but never the other way round.
bool is_own(const request& r)
{
    std::string_view origin = r.origin;
    if (origin.starts_with("https://")) {
        origin.remove_prefix(8);
    } else if (!r.https && origin.starts_with("http://")) {
        origin.remove_prefix(7);
    } else {
        return false;
    }
    return !r.host.empty() && lower(origin) == lower(r.host);
}

} // namespace

request_origin request_origin_of(const request& r, const cors& listed)
{
    if (r.fetch_site == "same-origin" || (!r.origin.empty() && is_own(r)) ||
        listed.names(r.origin)) {
        return request_origin::own;
    }
    if (!r.origin.empty() || r.fetch_site == "cross-site" || r.fetch_site == "same-site") {
        return request_origin::foreign;
    }
    return request_origin::unknown;
}

} // namespace http
