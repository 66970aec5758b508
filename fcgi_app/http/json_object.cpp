#include "fcgi_app/http/json_object.hpp"

#include "fcgi_app/http/form.hpp"
#include "text/number.hpp"
#include "text/utf8.hpp"

#include <boost/json/array.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace http {

namespace {

namespace json = boost::json;

// Listens to Boost.JSON's parser. Of what is nested deeper than the object it keeps nothing.
class members_handler {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    json::object members;
    bool is_object = false;
    bool is_text = true; // so far: no NUL; the parser sees to the rest
    bool twice = false;

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }

    bool on_object_begin(json::error_code&)
    {
        is_object |= depth_ == 0;
        member(json::object());
        ++depth_;
        return true;
    }
    bool on_object_end(std::size_t, json::error_code&)
    {
        --depth_;
        return true;
    }
    bool on_array_begin(json::error_code&)
    {
        member(json::array());
        ++depth_;
        return true;
    }
    bool on_array_end(std::size_t, json::error_code&)
    {
        --depth_;
        return true;
    }

    bool on_key_part(json::string_view part, std::size_t, json::error_code&)
    {
        append(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code&)
    {
        append(part);
        if (depth_ == 1) {
            twice |= members.contains(text_);
            key_ = text_;
        }
        text_.clear();
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, json::error_code&)
    {
        append(part);
        return true;
    }
    bool on_string(json::string_view part, std::size_t, json::error_code&)
    {
        append(part);
        member(json::string(text_));
        text_.clear();
        return true;
    }

    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t n, json::string_view, json::error_code&) { return member(n); }
    bool on_uint64(std::uint64_t n, json::string_view, json::error_code&) { return member(n); }
    bool on_double(double n, json::string_view, json::error_code&) { return member(n); }
    bool on_bool(bool b, json::error_code&) { return member(b); }
    bool on_null(json::error_code&) { return member(nullptr); }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

private:
    void append(json::string_view part)
    {
        is_text &= part.find('\0') == json::string_view::npos;
        text_.append(part.data(), part.size());
    }

    template <class T>
    bool member(T&& value)
    {
        if (depth_ == 1) {
            members.insert_or_assign(key_, std::forward<T>(value));
        }
        return true;
    }

    std::string key_;  // of the member that is being read
    std::string text_; // of the key or string that is being read
    std::size_t depth_ = 0;
};

// The code unit of the u escape (of four digits) at the front; none if there is no such escape.
std::optional<unsigned> escaped_unit(std::string_view text)
{
    if (text.size() < 6 || !text.starts_with("\\u")) {
        return std::nullopt;
    }
    return text::parse_number<unsigned>(text.substr(2, 4), 0, 0xffff, 16);
}

// Half of a surrogate pair in an escape. Which error the parser has for it depends on where in its
// buffer and in which version, so it is looked for here. One that the text's end cuts off is none.
bool has_half_a_pair(std::string_view text)
{
    constexpr std::size_t length = 6; // of an escape
    for (auto at = text.find('\\'); at < text.size(); at = text.find('\\', at)) {
        const auto unit = escaped_unit(text.substr(at));
        if (!unit || *unit < 0xd800 || *unit > 0xdfff) {
            at += 2; // past a second backslash, too
            continue;
        }
        const auto rest = text.substr(std::min(at + length, text.size()), length);
        const auto second = escaped_unit(rest);
        const bool cut =
            rest.size() < length && std::string_view("\\u").starts_with(rest.substr(0, 2));
        if (*unit > 0xdbff || (!cut && (!second || *second < 0xdc00 || *second > 0xdfff))) {
            return true;
        }
        at += 2 * length;
    }
    return false;
}

// The byte that the parser stumbled over, as a person can look for it.
std::string place(std::string_view text, std::size_t at)
{
    const char c = text[at];
    const std::string number = std::to_string(at + 1);
    if (c > 0x20 && c < 0x7f) {
        return std::string(1, c) + " at byte " + number;
    }
    return "byte " + number;
}

} // namespace

refusal no_json_object()
{
    return refusal{400, "The body must be one JSON object."};
}

refusal why_no_json(std::string_view text, const json::error_code& error, std::size_t at)
{
    if (text.empty()) {
        return refusal{400, "The body is empty; it must be one JSON object."};
    }
    if (!text::is_text(text) || has_half_a_pair(text)) {
        return not_a_text();
    }
    if (error == json::error::too_deep) {
        return refusal{400, "The body must be one JSON object, at most " +
                                std::to_string(max_json_depth) + " levels deep."};
    }
    if (!error) {
        return refusal{400, "The body must be one JSON object: more follows after byte " +
                                std::to_string(at) + "."};
    }
    if (error == json::error::incomplete || at >= text.size()) {
        return refusal{400, "The body must be one JSON object: it ends before that does."};
    }
    return refusal{400,
                   "The body must be one JSON object: " + place(text, at) + " is not expected."};
}

result<json::object> parse_json_object(std::string_view text)
{
    json::parse_options options;
    options.max_depth = max_json_depth;
    json::basic_parser<members_handler> parser(options);
    json::error_code error;
    const auto used = parser.write_some(false, text.data(), text.size(), error);
    auto& read = parser.handler();
    if (error || used != text.size()) {
        return why_no_json(text, error, used);
    }
    if (!read.is_text) {
        return not_a_text();
    }
    if (!read.is_object) {
        return no_json_object();
    }
    if (read.twice) {
        return refusal{400, "The body must be one JSON object with each key once."};
    }
    return std::move(read.members);
}

} // namespace http
