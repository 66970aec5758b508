#include "fcgi_app/fastcgi/request.hpp"

#include <utility>

namespace fastcgi {

namespace {

request_error error_of(const raw_request& raw)
{
    switch (raw.too_large) {
    case raw_request::excess::params:
        return request_error::params_too_large;
    case raw_request::excess::body:
        return request_error::body_too_large;
    case raw_request::excess::none:
        break;
    }
    return raw.too_slow ? request_error::too_slow : request_error::none;
}

} // namespace

request::request(std::uint64_t its_number, raw_request&& raw)
    : number(its_number)
    , error(error_of(raw))
    , body(std::move(raw.body))
    , encoded_(std::move(raw.params))
{
    // A string of a few bytes has them inside, where a move would leave the views behind.
    encoded_.reserve(sizeof encoded_);
    if (auto decoded = decode_params(encoded_)) {
        params = std::move(*decoded);
    } else if (error == request_error::none) {
        error = request_error::malformed_params;
    }
}

std::string_view request::param(std::string_view name) const
{
    for (const auto& [its_name, value] : params) {
        if (its_name == name) {
            return value;
        }
    }
    return {};
}

void request::drop_params()
{
    std::vector<name_value>().swap(params);
    std::string().swap(encoded_);
}

} // namespace fastcgi
