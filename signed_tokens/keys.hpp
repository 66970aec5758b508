// The keys of an application: a JSON Web Key Set (RFC 7517, section 5) in a file, which its
// operator replaces to rotate them. Immutable; any thread.
#pragma once

#include "signed_tokens/key.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signed_tokens {

class keys {
public:
    static constexpr std::size_t most = 100;
    static constexpr std::size_t largest_file = std::size_t{1} << 20;

    // Refused as a whole if one of them is: an operator who mistypes a key hears it at once. At
    // least one, and each kid once.
    static result<keys> parse(std::string_view json);
    // The same of a file. The refusal begins with its path.
    static result<keys> read(const std::string& path);

    // What everybody on this host, beside owner and group, may do with the file that was read: read
    // a secret, or write keys of his own. For the operator; none: neither.
    struct exposure {
        std::string what; // begins with the path
        std::string todo;
    };
    const std::optional<exposure>& exposed() const { return exposed_; }

    // The key of this id; of a token that names none, the only key there is. Null: no such key.
    const key* find(std::optional<std::string_view> id) const;
    std::size_t size() const { return keys_.size(); }
    // Of the same text: what was signed with one is good with the other.
    bool operator==(const keys& other) const { return text_ == other.text_; }

private:
    std::string text_;
    std::vector<key> keys_;
    std::optional<exposure> exposed_;
};

} // namespace signed_tokens
