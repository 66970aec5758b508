// Any bytes as a token, as a file of keys and as base64url; and, signed with a key that is known,
// any header and payload (two lines): what is taken has the form that the rest of the server relies
// on.
#include "signed_tokens/base64url.hpp"
#include "signed_tokens/claims.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/signed_tokens/signing.hpp"

#include <algorithm>

namespace fuzz {

using namespace signed_tokens;
using namespace signed_tokens::testing;

void signed_token(std::string_view input)
{
    static const keys known = keys::parse(key_set(shop_key)).value();
    constexpr std::chrono::sys_seconds now{std::chrono::seconds(1'800'000'000)};

    if (const auto bytes = base64url_decoded(input)) {
        must(base64url(*bytes) == input, "one text for each value");
    }
    must(*base64url_decoded(base64url(input)) == input, "each value has a text");
    if (const auto all = keys::parse(input)) {
        must(all->size() > 0, "a set of keys is not empty");
    } else {
        must(!all.error().why.empty(), "a refusal says why");
    }
    must(!read(input, known, {}, now), "nobody can sign without the key");

    const auto line = std::min(input.find('\n'), input.size());
    const auto header = input.substr(0, line);
    const auto payload = input.substr(std::min(line + 1, input.size()));
    const auto claims = read(token_of(payload, header), known, {}, now);
    if (!claims) {
        must(!claims.error().why.empty(), "a refusal says why");
        return;
    }
    must(claims->expires > now, "it has not expired");
    must(claims->user || claims->walls, "it names somebody or something");
    must(claims->user.value_or(1) > 0, "a user's id is positive");
    if (claims->walls) {
        must(std::ranges::is_sorted(*claims->walls) &&
                 std::ranges::adjacent_find(*claims->walls) == claims->walls->end() &&
                 (claims->walls->empty() || claims->walls->front() > 0),
             "walls ascend, each once, from 1");
    }
}

} // namespace fuzz
