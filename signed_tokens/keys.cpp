#include "signed_tokens/keys.hpp"

#include "signed_tokens/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace signed_tokens {

namespace {

namespace fs = std::filesystem;

bool may_be_used_by_others(const std::string& path, fs::perms how)
{
    std::error_code ignored;
    const auto found = fs::status(path, ignored); // of what a link leads to
    return !ignored && (found.permissions() & how) != fs::perms::none;
}

// Of what is no set of keys.
std::optional<refusal> known_mistake(std::string_view text,
                                     const std::optional<boost::json::object>& document)
{
    if (text.find("-----BEGIN ") != text.npos) {
        const bool is_private = text.find("PRIVATE KEY-----") != text.npos;
        return refusal{is_private
                           ? "it is a private key in PEM; only the public part belongs here, "
                             "as a JSON Web Key"
                           : "it is PEM; a JSON Web Key Set is expected",
                       is_private};
    }
    if (document && document->contains("kty")) {
        const auto one = key::from(*document);
        return !one && one.error().private_key
                   ? one.error()
                   : refusal{R"(it is no JSON Web Key Set but one key: {"keys":[…]})",
                             one && one->is_secret()};
    }
    return std::nullopt;
}

} // namespace

result<keys> keys::parse(std::string_view json)
{
    const auto document = parse_object(json);
    const auto* list = document ? document->if_contains("keys") : nullptr;
    if (list == nullptr || !list->is_array()) {
        if (auto known = known_mistake(json, document)) {
            return std::move(*known);
        }
        return refusal{R"(it is no JSON Web Key Set: {"keys":[…]}, each name once)"};
    }
    const auto& found = list->get_array();
    if (found.empty() || found.size() > most) {
        return refusal{"it holds " + std::to_string(found.size()) + " keys; 1 to 100 are taken"};
    }
    keys all;
    all.text_ = json;
    for (const auto& one : found) {
        const auto place = "key " + std::to_string(all.size() + 1) + " of it: ";
        auto read = one.is_object() ? key::from(one.get_object()) : refusal{"it is no object"};
        if (!read) {
            return refusal{place + read.error().why, read.error().private_key};
        }
        if (std::ranges::count(all.keys_, read->id(), &key::id) > 0) {
            return refusal{place + "its kid is another key's, too"};
        }
        all.keys_.push_back(std::move(*read));
    }
    return all;
}

result<keys> keys::read(const std::string& path)
{
    std::error_code none;
    const auto kind = fs::status(path, none).type();
    if (kind != fs::file_type::regular && kind != fs::file_type::not_found && !none) {
        // Whoever opens a pipe waits until somebody writes into it.
        return refusal{path + " cannot be read: it is " +
                       (kind == fs::file_type::directory ? "a folder" : "no regular file")};
    }
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        return refusal{path + " cannot be read: " + std::strerror(errno)};
    }
    std::string text(largest_file + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > largest_file) {
        return refusal{path + " is larger than 1 MiB"};
    }
    const bool in_sight = may_be_used_by_others(path, fs::perms::others_all);
    auto all = parse(text);
    if (!all) {
        const auto& no = all.error();
        const bool seen = no.private_key && in_sight;
        return refusal{path + " cannot be used: " + no.why +
                           (seen ? "; and its mode lets everybody on this host open it: make "
                                   "another"
                                 : ""),
                       no.private_key};
    }
    if (in_sight && std::ranges::any_of(all->keys_, &key::is_secret)) {
        all->exposed_ = {path + " holds a secret, and its mode lets everybody on this host open it",
                         "chmod o= " + path +
                             "; whoever has read it can sign tokens, so if others "
                             "use this host, make another secret"};
    } else if (may_be_used_by_others(path, fs::perms::others_write)) {
        all->exposed_ = {path + ": its mode lets everybody on this host write keys into it",
                         "chmod o-w " + path};
    }
    return all;
}

const key* keys::find(std::optional<std::string_view> id) const
{
    if (!id) {
        return keys_.size() == 1 ? keys_.data() : nullptr;
    }
    const auto found = std::ranges::find(keys_, *id, &key::id);
    return found == keys_.end() ? nullptr : &*found;
}

} // namespace signed_tokens
