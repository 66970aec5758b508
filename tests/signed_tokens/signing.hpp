// Tokens by HS256 for tests, each header and payload as the test wants it.
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>
#include <string_view>

namespace signed_tokens::testing {

inline std::string base64url(std::string_view bytes)
{
    static constexpr char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : bytes) {
        bits = bits << 8U | static_cast<unsigned char>(c);
        for (held += 8; held >= 6; held -= 6) {
            out += alphabet[bits >> (held - 6) & 63U];
        }
        bits &= 255U;
    }
    if (held > 0) {
        out += alphabet[bits << (6 - held) & 63U];
    }
    return out;
}

inline const std::string secret = "a secret of the shop, 32 bytes or more";
inline const std::string shop_key =
    R"({"kty":"oct","kid":"shop","alg":"HS256","k":")" + base64url(secret) + "\"}";

inline std::string key_set(const std::string& keys)
{
    return R"({"keys":[)" + keys + "]}";
}

inline std::string hs256(std::string_view text, std::string_view with = secret)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), with.data(), static_cast<int>(with.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
    return {reinterpret_cast<const char*>(mac), size};
}

inline std::string token_of(std::string_view payload,
                            std::string_view header = R"({"alg":"HS256","kid":"shop"})",
                            std::string_view with = secret)
{
    const std::string text = base64url(header) + '.' + base64url(payload);
    return text + '.' + base64url(hs256(text, with));
}

} // namespace signed_tokens::testing
