// Reading the request headers that name a session.
#include "fcgi_app/http/request.hpp"
#include "fcgi_app/http/text.hpp"
#include "text/trimmed.hpp"

#include <algorithm>

namespace http {

std::vector<std::string_view> cookie_values(std::string_view header, std::string_view name)
{
    std::vector<std::string_view> values;
    while (!header.empty() && values.size() < most_cookies) {
        const auto pair = header.substr(0, header.find(';'));
        header.remove_prefix(std::min(pair.size() + 1, header.size()));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && text::trimmed(pair.substr(0, equals)) == name) {
            const auto value = text::trimmed(pair.substr(equals + 1));
            if (!value.empty() && std::find(values.begin(), values.end(), value) == values.end()) {
                values.push_back(value);
            }
        }
    }
    return values;
}

std::optional<std::string_view> bearer_token(std::string_view authorization)
{
    constexpr std::string_view scheme = "bearer ";
    authorization = text::trimmed(authorization);
    if (lower(authorization.substr(0, scheme.size())) != scheme) {
        return std::nullopt;
    }
    return text::trimmed(authorization.substr(scheme.size()));
}

} // namespace http
