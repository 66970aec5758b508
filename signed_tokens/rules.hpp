// What a server needs to judge tokens: the keys of a file, and what the tokens must say. Any
// thread.
#pragma once

#include "signed_tokens/claims.hpp"

#include <memory>
#include <optional>
#include <string>

namespace signed_tokens {

struct settings {
    std::string keys; // path of a JSON Web Key Set; empty: no signed token is taken
    expected must;
};

struct rules {
    std::shared_ptr<const keys> known; // null: no token is good
    expected must;

    bool operator==(const rules& other) const
    {
        return must == other.must &&
               (known && other.known ? *known == *other.known : known == other.known);
    }
};

// Reads the file. The refusal is for the operator.
inline result<rules> rules_of(const settings& s)
{
    if (s.keys.empty()) {
        return rules{nullptr, s.must};
    }
    auto read = keys::read(s.keys);
    if (!read) {
        return refusal{"token_keys: " + read.error().why, read.error().private_key};
    }
    return rules{std::make_shared<const keys>(std::move(*read)), s.must};
}

// Of their file, for the operator.
inline std::optional<keys::exposure> exposed(const rules& r)
{
    return r.known ? r.known->exposed() : std::nullopt;
}

} // namespace signed_tokens
