#include "fcgi_app/http/form.hpp"

#include <algorithm>

namespace http {

namespace {

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

} // namespace

std::optional<std::string> form_decode(std::string_view encoded)
{
    std::string out;
    out.reserve(encoded.size());
    for (std::size_t at = 0; at < encoded.size(); ++at) {
        if (encoded[at] == '+') {
            out.push_back(' ');
        } else if (encoded[at] != '%') {
            auto end = at + 1;
            while (end < encoded.size() && encoded[end] != '+' && encoded[end] != '%') {
                ++end;
            }
            out.append(encoded, at, end - at);
            at = end - 1;
        } else {
            const int high = at + 2 < encoded.size() ? hex_digit(encoded[at + 1]) : -1;
            const int low = at + 2 < encoded.size() ? hex_digit(encoded[at + 2]) : -1;
            if (high < 0 || low < 0) {
                return std::nullopt;
            }
            out.push_back(static_cast<char>(high << 4 | low));
            at += 2;
        }
    }
    return out;
}

std::optional<std::pair<std::string_view, std::string_view>> take_field(std::string_view& encoded)
{
    while (!encoded.empty()) {
        const auto field = encoded.substr(0, encoded.find('&'));
        encoded.remove_prefix(std::min(field.size() + 1, encoded.size()));
        if (field.empty()) {
            continue;
        }
        const auto equals = field.find('=');
        if (equals == std::string_view::npos) {
            return std::pair{field, std::string_view()};
        }
        return std::pair{field.substr(0, equals), field.substr(equals + 1)};
    }
    return std::nullopt;
}

std::optional<form_fields> parse_form(std::string_view encoded, std::size_t max_fields)
{
    form_fields fields;
    while (const auto field = take_field(encoded)) {
        auto name = form_decode(field->first);
        auto value = form_decode(field->second);
        if (!name || !value || fields.size() == max_fields) {
            return std::nullopt;
        }
        fields.emplace_back(std::move(*name), std::move(*value));
    }
    return fields;
}

} // namespace http
