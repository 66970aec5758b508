#include "signed_tokens/claims.hpp"

#include "signed_tokens/base64url.hpp"
#include "signed_tokens/json.hpp"
#include "text/number.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cmath>

namespace signed_tokens {

namespace {

namespace json = boost::json;

struct parts {
    std::string_view header;
    std::string_view payload;
    std::string_view signature;
    std::string_view signed_text; // the first two, with their dot
};

std::optional<parts> parts_of(std::string_view token)
{
    const auto first = token.find('.');
    const auto second = first == token.npos ? first : token.find('.', first + 1);
    if (second == token.npos || token.find('.', second + 1) != token.npos) {
        return std::nullopt;
    }
    return parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
                 token.substr(second + 1), token.substr(0, second)};
}

std::optional<json::object> object_in(std::string_view part)
{
    const auto text = base64url_decoded(part);
    return text ? parse_object(*text) : std::nullopt;
}

// Whole numbers from 1, as JSON numbers or as texts: JavaScript's numbers end at 2^53.
std::optional<std::int64_t> id_of(const json::value& v)
{
    if (const auto* n = v.if_int64()) {
        return *n > 0 ? std::optional(*n) : std::nullopt;
    }
    const auto* text = v.if_string();
    if (text == nullptr || text->empty() || text->front() == '0') { // "07" is another name
        return std::nullopt;
    }
    return text::parse_number<std::int64_t>(*text, 1, INT64_MAX);
}

// A NumericDate, of the years 1970 to 9999; a part of a second is cut off.
std::optional<std::chrono::sys_seconds> time_of(const json::value& v)
{
    constexpr std::int64_t last = 253'402'300'799;
    double seconds = -1;
    if (const auto* n = v.if_int64()) {
        seconds = static_cast<double>(*n);
    } else if (const auto* d = v.if_double()) {
        seconds = std::floor(*d);
    }
    if (!(seconds >= 0 && seconds <= static_cast<double>(last))) {
        return std::nullopt;
    }
    return std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

bool is_meant_for(const json::object& payload, const std::string& audience)
{
    const auto* aud = payload.if_contains("aud");
    if (aud == nullptr || audience.empty()) {
        return aud == nullptr && audience.empty();
    }
    if (const auto* list = aud->if_array()) {
        return std::ranges::any_of(*list, [&](const json::value& one) {
            return one.is_string() && one.get_string() == audience;
        });
    }
    return aud->is_string() && aud->get_string() == audience;
}

std::optional<std::vector<std::int64_t>> walls_in(const json::value& v)
{
    const auto* list = v.if_array();
    if (list == nullptr) {
        return std::nullopt;
    }
    std::vector<std::int64_t> walls;
    for (const json::value& one : *list) {
        const auto id = id_of(one);
        if (!id) {
            return std::nullopt;
        }
        walls.push_back(*id);
    }
    std::sort(walls.begin(), walls.end());
    // Not std::ranges::unique: Debian 12's clang, which builds the fuzz targets, cannot compile its
    // subrange.
    walls.erase(std::unique(walls.begin(), walls.end()), walls.end());
    return walls;
}

// Of a payload whose signature is good.
result<claims> judge(const json::object& payload, const expected& must,
                     std::chrono::sys_time<std::chrono::milliseconds> now)
{
    claims c;
    const auto* exp = payload.if_contains("exp");
    const auto ends = exp != nullptr ? time_of(*exp) : std::nullopt;
    if (!ends) {
        return refusal{"it has no exp in seconds"};
    }
    c.expires = *ends;
    if (c.expires <= now) {
        return refusal{"it has expired"};
    }
    if (const auto* nbf = payload.if_contains("nbf")) {
        const auto begins = time_of(*nbf);
        if (!begins || *begins > now + early) {
            return refusal{"its nbf is to come"};
        }
    }
    if (!must.issuer.empty() && string_in(payload, "iss") != must.issuer) {
        return refusal{"its iss is not token_issuer"};
    }
    if (!is_meant_for(payload, must.audience)) {
        return refusal{"its aud is not token_audience"};
    }
    if (const auto* sub = payload.if_contains("sub")) {
        c.user = id_of(*sub);
        if (!c.user) {
            return refusal{"its sub is no user's id"};
        }
    }
    if (const auto* walls = payload.if_contains("walls")) {
        c.walls = walls_in(*walls);
        if (!c.walls) {
            return refusal{"its walls are no array of ids"};
        }
    }
    if (!c.user && !c.walls) {
        return refusal{"it names neither a user (sub) nor walls"};
    }
    return c;
}

} // namespace

bool looks_signed(std::string_view token)
{
    const auto found = parts_of(token);
    return found && token.size() <= longest && object_in(found->header);
}

result<claims> read(std::string_view token, const keys& known, const expected& must,
                    std::chrono::sys_time<std::chrono::milliseconds> now)
{
    if (token.size() > longest) {
        return refusal{"it is longer than 4,096 bytes"};
    }
    const auto found = parts_of(token);
    const auto header = found ? object_in(found->header) : std::nullopt;
    if (!header) {
        return refusal{"its header is no base64url of a JSON object with each name once"};
    }
    if (header->contains("crit")) { // what its sender needs us to understand, we do not
        return refusal{"its header has crit"};
    }
    const auto kid = string_in(*header, "kid");
    const key* by = header->contains("kid") && !kid ? nullptr : known.find(kid);
    if (by == nullptr) {
        return refusal{"its kid is no key's"};
    }
    if (!by->is_for(string_in(*header, "alg").value_or(""))) {
        return refusal{"its alg is not the key's"};
    }
    const auto signature = base64url_decoded(found->signature);
    if (!signature || !by->verifies(found->signed_text, *signature)) {
        return refusal{"its signature is not the key's"};
    }
    const auto payload = object_in(found->payload);
    if (!payload) {
        return refusal{"its payload is no base64url of a JSON object with each name once"};
    }
    return judge(*payload, must, now);
}

} // namespace signed_tokens
