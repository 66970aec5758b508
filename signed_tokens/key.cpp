#include "signed_tokens/key.hpp"

#include "signed_tokens/base64url.hpp"
#include "signed_tokens/json.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <stdexcept>

namespace signed_tokens {

namespace {

namespace json = boost::json;

constexpr std::size_t least_secret = 32; // bytes; RFC 7518, section 3.2
constexpr int least_modulus = 2048;      // bits; RFC 7518, section 3.3
constexpr int largest_modulus = 8192;    // bits; what one verification may cost
constexpr int largest_exponent = 32;     // bits; likewise

// Of RSA (RFC 7518, section 6.3.2) and OKP; `p` and `q` give `d` away.
constexpr std::array<std::string_view, 7> private_members{"d", "p", "q", "dp", "dq", "qi", "oth"};

template <auto Free>
struct freed {
    template <class T>
    void operator()(T* p) const
    {
        Free(p);
    }
};
using number = std::unique_ptr<BIGNUM, freed<&BN_free>>;

const unsigned char* bytes(std::string_view text)
{
    return reinterpret_cast<const unsigned char*>(text.data());
}

// A number of an RSA key; null: there is none.
number number_in(const json::object& jwk, std::string_view name)
{
    const auto text = string_in(jwk, name);
    const auto decoded = text ? base64url_decoded(*text) : std::nullopt;
    if (!decoded || decoded->empty() || decoded->size() > 2 * largest_modulus / 8) {
        return nullptr;
    }
    return number(BN_bin2bn(bytes(*decoded), static_cast<int>(decoded->size()), nullptr));
}

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* made)
{
    ERR_clear_error();
    return made == nullptr ? nullptr : std::shared_ptr<EVP_PKEY>(made, &EVP_PKEY_free);
}

result<std::shared_ptr<EVP_PKEY>> rsa_key(const json::object& jwk)
{
    const number modulus = number_in(jwk, "n");
    const number exponent = number_in(jwk, "e");
    if (!modulus || !exponent) {
        return refusal{"an RSA key needs n and e in base64url"};
    }
    const int bits = BN_num_bits(modulus.get());
    if (bits < least_modulus || bits > largest_modulus) {
        return refusal{"an RSA key of " + std::to_string(bits) + " bits; 2048 to 8192 are taken"};
    }
    if (!BN_is_odd(exponent.get()) || BN_is_one(exponent.get()) ||
        BN_num_bits(exponent.get()) > largest_exponent) {
        return refusal{"the e of an RSA key is an odd number above 1, 65537 mostly"};
    }
    const std::unique_ptr<OSSL_PARAM_BLD, freed<&OSSL_PARAM_BLD_free>> builder(
        OSSL_PARAM_BLD_new());
    const std::unique_ptr<EVP_PKEY_CTX, freed<&EVP_PKEY_CTX_free>> context(
        EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    if (!builder || !context ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
        throw std::bad_alloc();
    }
    const std::unique_ptr<OSSL_PARAM, freed<&OSSL_PARAM_free>> parameters(
        OSSL_PARAM_BLD_to_param(builder.get()));
    EVP_PKEY* made = nullptr;
    if (!parameters || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
        owned(made);
        return refusal{"libcrypto takes it for no RSA key"};
    }
    return owned(made);
}

result<std::shared_ptr<EVP_PKEY>> ed25519_key(const json::object& jwk)
{
    if (string_in(jwk, "crv") != "Ed25519") {
        return refusal{"of kty OKP only crv Ed25519 is taken"};
    }
    const auto text = string_in(jwk, "x");
    const auto x = text ? base64url_decoded(*text) : std::nullopt;
    auto made = x && x->size() == 32
                    ? owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(*x), 32))
                    : nullptr;
    if (!made) {
        return refusal{"an Ed25519 key needs x, 32 bytes in base64url"};
    }
    return made;
}

} // namespace

[[noreturn]] void throw_exception_from_error(const refusal& r, const boost::source_location&)
{
    throw std::runtime_error(r.why);
}

result<key> key::from(const json::object& jwk)
{
    const auto kind = string_in(jwk, "kty").value_or("");
    if (kind != "oct" &&
        std::ranges::any_of(private_members, [&](auto m) { return jwk.contains(m); })) {
        return refusal{"it is a private key; only the public part (without d) belongs here", true};
    }
    key k;
    k.id_ = string_in(jwk, "kid").value_or("");
    if (k.id_.empty()) {
        return refusal{"it has no kid, which tells keys apart"};
    }
    if (const auto use = string_in(jwk, "use"); use && *use != "sig") {
        return refusal{"its use is not sig"};
    }
    if (kind == "oct") {
        k.algorithm_ = algorithm::hs256;
        const auto text = string_in(jwk, "k");
        auto secret = text ? base64url_decoded(*text) : std::nullopt;
        if (!secret || secret->size() < least_secret) {
            return refusal{"a secret needs k, 32 bytes or more in base64url"};
        }
        if (secret->find("-----BEGIN ") != secret->npos) {
            return refusal{
                "its k is a key in PEM, which is no secret: kty RSA or OKP say what it is"};
        }
        k.secret_ = std::move(*secret);
    } else if (kind == "RSA" || kind == "OKP") {
        k.algorithm_ = kind == "RSA" ? algorithm::rs256 : algorithm::eddsa;
        auto made = kind == "RSA" ? rsa_key(jwk) : ed25519_key(jwk);
        if (!made) {
            return made.error();
        }
        k.public_ = std::move(*made);
    } else {
        return refusal{"its kty is not oct, RSA or OKP"};
    }
    if (const auto* alg = jwk.if_contains("alg");
        alg != nullptr && !(alg->is_string() && k.is_for(alg->get_string()))) {
        return refusal{"its alg is not the one of its kty: oct HS256, RSA RS256, OKP EdDSA"};
    }
    return k;
}

bool key::is_for(std::string_view alg) const
{
    switch (algorithm_) {
    case algorithm::hs256:
        return alg == "HS256";
    case algorithm::rs256:
        return alg == "RS256";
    case algorithm::eddsa:
        return alg == "EdDSA" || alg == "Ed25519"; // RFC 8037, RFC 9864
    }
    return false;
}

bool key::verifies(std::string_view text, std::string_view signature) const
{
    if (algorithm_ == algorithm::hs256) {
        std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
        unsigned size = 0;
        return HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), bytes(text),
                    text.size(), mac.data(), &size) != nullptr &&
               signature.size() == size && CRYPTO_memcmp(mac.data(), signature.data(), size) == 0;
    }
    const std::unique_ptr<EVP_MD_CTX, freed<&EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
    const bool good = context &&
                      EVP_DigestVerifyInit(context.get(), nullptr,
                                           algorithm_ == algorithm::rs256 ? EVP_sha256() : nullptr,
                                           nullptr, public_.get()) == 1 &&
                      EVP_DigestVerify(context.get(), bytes(signature), signature.size(),
                                       bytes(text), text.size()) == 1;
    ERR_clear_error(); // of this thread, or whoever asks next takes ours for his
    return good;
}

} // namespace signed_tokens
