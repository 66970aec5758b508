#include "signed_tokens/keys.hpp"

#include "signed_tokens/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace signed_tokens {

result<keys> keys::parse(std::string_view json)
{
    const auto document = parse_object(json);
    const auto* list = document ? document->if_contains("keys") : nullptr;
    if (list == nullptr || !list->is_array()) {
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
            return refusal{place + read.error().why};
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
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path)) {
        return refusal{path + " cannot be read: " + (in ? "it is a folder" : std::strerror(errno))};
    }
    std::string text(largest_file + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > largest_file) {
        return refusal{path + " is larger than 1 MiB"};
    }
    auto all = parse(text);
    if (!all) {
        return refusal{path + " cannot be used: " + all.error().why};
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
