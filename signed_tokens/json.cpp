#include "signed_tokens/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace signed_tokens {

namespace {

namespace json = boost::json;

constexpr std::size_t max_depth = 8;

// Listens to Boost.JSON's parser and counts the keys: a parsed object has of two equal ones the
// last alone.
struct key_counter {
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    std::size_t keys = 0;

    using error = json::error_code;
    using text = json::string_view;
    bool on_document_begin(error&) { return true; }
    bool on_document_end(error&) { return true; }
    bool on_object_begin(error&) { return true; }
    bool on_object_end(std::size_t n, error&)
    {
        keys += n;
        return true;
    }
    bool on_array_begin(error&) { return true; }
    bool on_array_end(std::size_t, error&) { return true; }
    bool on_key_part(text, std::size_t, error&) { return true; }
    bool on_key(text, std::size_t, error&) { return true; }
    bool on_string_part(text, std::size_t, error&) { return true; }
    bool on_string(text, std::size_t, error&) { return true; }
    bool on_number_part(text, error&) { return true; }
    bool on_int64(std::int64_t, text, error&) { return true; }
    bool on_uint64(std::uint64_t, text, error&) { return true; }
    bool on_double(double, text, error&) { return true; }
    bool on_bool(bool, error&) { return true; }
    bool on_null(error&) { return true; }
    bool on_comment_part(text, error&) { return true; }
    bool on_comment(text, error&) { return true; }
};

std::size_t keys_of(const json::value& v)
{
    std::size_t n = 0;
    if (const auto* object = v.if_object()) {
        n = object->size();
        for (const auto& member : *object) {
            n += keys_of(member.value());
        }
    } else if (const auto* array = v.if_array()) {
        for (const auto& element : *array) {
            n += keys_of(element);
        }
    }
    return n;
}

} // namespace

std::optional<json::object> parse_object(std::string_view text)
{
    json::parse_options options;
    options.max_depth = max_depth;
    json::error_code error;
    json::value document = json::parse(text, error, {}, options);
    if (error || !document.is_object()) {
        return std::nullopt;
    }
    json::basic_parser<key_counter> counter(options);
    counter.write_some(false, text.data(), text.size(), error);
    if (error || counter.handler().keys != keys_of(document)) {
        return std::nullopt;
    }
    return std::move(document.get_object());
}

std::optional<std::string_view> string_in(const json::object& o, std::string_view name)
{
    const auto* found = o.if_contains(name);
    if (found == nullptr || !found->is_string()) {
        return std::nullopt;
    }
    return std::string_view(found->get_string());
}

} // namespace signed_tokens
