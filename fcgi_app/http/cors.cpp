#include "fcgi_app/http/cors.hpp"

#include <utility>

namespace http {

namespace {
constexpr std::string_view common =
    "Access-Control-Allow-Methods: GET, POST, PUT, PATCH, DELETE, OPTIONS\r\n"
    "Access-Control-Allow-Headers: Authorization, Content-Type, X-CSRF-Token, "
    "X-Pollster-User, traceparent\r\n"
    "Access-Control-Expose-Headers: Retry-After, X-Request-Id, traceparent\r\n"
    "Access-Control-Max-Age: 600\r\n";
}

cors::cors(const std::vector<std::string>& origins)
{
    change(origins);
}

void cors::change(const std::vector<std::string>& origins)
{
    granted_.clear();
    if (origins.size() == 1 && origins.front() == "*") {
        others_ = keep("Access-Control-Allow-Origin: *\r\n" + std::string(common));
        return;
    }
    // Without a grant the answer still depends on the origin: a cache must not hand it to another.
    others_ = keep("Vary: Origin\r\n" + std::string(common));
    for (const auto& origin : origins) {
        granted_[origin] =
            keep("Access-Control-Allow-Origin: " + origin +
                 "\r\nAccess-Control-Allow-Credentials: true\r\n" + std::string(others_));
    }
}

std::string_view cors::keep(std::string lines)
{
    return *lines_.insert(std::move(lines)).first;
}

std::string_view cors::lines_for(std::string_view origin) const
{
    const auto it = granted_.find(origin);
    return it == granted_.end() ? others_ : it->second;
}

} // namespace http
