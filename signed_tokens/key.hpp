// One key that verifies the signatures of an application's tokens: a JSON Web Key (RFC 7517, RFC
// 7518 section 6, RFC 8037). Immutable; any thread.
//
// The key says which algorithm it is for, and is used for no other: a token whose header names
// another one is nobody's, so no public key can be taken for a secret.
#pragma once

#include <boost/json/object.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace signed_tokens {

// Why something is refused: words that go on after a name and a colon, "…: it has no kid".
struct refusal {
    std::string why;
    bool private_key = false; // that is what was found: whoever reads it can sign
};
template <class T>
using result = boost::system::result<T, refusal>;
[[noreturn]] void throw_exception_from_error(const refusal& r, const boost::source_location&);

class key {
public:
    enum class algorithm : std::uint8_t {
        hs256, // kty oct: a secret of 32 bytes or more
        rs256, // kty RSA: a public key of 2048 to 8192 bits
        eddsa, // kty OKP, crv Ed25519: a public key
    };

    // Refused are private keys (a process that only verifies has no use for them), keys that are
    // too small, those that are for something else (use, alg), and a key in PEM as a secret: it may
    // be a public one.
    static result<key> from(const boost::json::object& jwk);

    const std::string& id() const { return id_; } // kid; never empty
    // Can whoever has read it sign, too?
    bool is_secret() const { return algorithm_ == algorithm::hs256; }
    // Does the `alg` of a header mean this one's?
    bool is_for(std::string_view alg) const;
    bool verifies(std::string_view text, std::string_view signature) const;

private:
    key() = default;

    std::string id_;
    algorithm algorithm_{};
    std::string secret_;                  // of hs256
    std::shared_ptr<evp_pkey_st> public_; // of the others
};

} // namespace signed_tokens
