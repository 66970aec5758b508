#include "fcgi_app/fastcgi/params.hpp"

#include <cstdint>

namespace fastcgi {

namespace {

std::optional<std::uint32_t> take_length(std::string_view& bytes)
{
    if (bytes.empty()) {
        return std::nullopt;
    }
    const auto byte = [&](std::size_t at) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at]));
    };
    if (byte(0) < 0x80) {
        const auto length = byte(0);
        bytes.remove_prefix(1);
        return length;
    }
    if (bytes.size() < 4) {
        return std::nullopt;
    }
    const auto length = (byte(0) & 0x7f) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
    bytes.remove_prefix(4);
    return length;
}

void append_length(std::string& out, std::size_t length)
{
    if (length < 0x80) {
        out.push_back(static_cast<char>(length));
        return;
    }
    out.push_back(static_cast<char>(length >> 24 | 0x80));
    out.push_back(static_cast<char>(length >> 16 & 0xff));
    out.push_back(static_cast<char>(length >> 8 & 0xff));
    out.push_back(static_cast<char>(length & 0xff));
}

} // namespace

std::optional<name_value> take_param(std::string_view& bytes)
{
    auto rest = bytes;
    const auto name_length = take_length(rest);
    const auto value_length = name_length ? take_length(rest) : std::nullopt;
    // Compared one after the other: the sum of two lengths need not fit into 32 bits.
    if (!value_length || *name_length > rest.size() || *value_length > rest.size() - *name_length) {
        return std::nullopt;
    }
    const name_value pair{rest.substr(0, *name_length), rest.substr(*name_length, *value_length)};
    rest.remove_prefix(pair.first.size() + pair.second.size());
    bytes = rest;
    return pair;
}

std::optional<std::vector<name_value>> decode_params(std::string_view bytes)
{
    // nginx sends some 30; 1,024 bytes is the largest block that malloc has at hand without a
    // search.
    std::vector<name_value> pairs;
    pairs.reserve(32);
    while (const auto pair = take_param(bytes)) {
        pairs.push_back(*pair);
    }
    if (!bytes.empty()) {
        return std::nullopt;
    }
    return pairs;
}

void append_param(std::string& out, std::string_view name, std::string_view value)
{
    append_length(out, name.size());
    append_length(out, value.size());
    out.append(name).append(value);
}

} // namespace fastcgi
