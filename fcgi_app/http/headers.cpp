// Reading the request headers that name a session.
#include "fcgi_app/http/request.hpp"
#include "fcgi_app/http/text.hpp"

namespace http {

std::optional<std::string_view> cookie_value(std::string_view header, std::string_view name)
{
    while (!header.empty()) {
        const auto pair = header.substr(0, header.find(';'));
        header.remove_prefix(std::min(pair.size() + 1, header.size()));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && trimmed(pair.substr(0, equals)) == name) {
            return trimmed(pair.substr(equals + 1));
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> bearer_token(std::string_view authorization)
{
    constexpr std::string_view scheme = "bearer ";
    authorization = trimmed(authorization);
    if (lower(authorization.substr(0, scheme.size())) != scheme) {
        return std::nullopt;
    }
    return trimmed(authorization.substr(scheme.size()));
}

} // namespace http
