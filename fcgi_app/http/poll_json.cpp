#include "fcgi_app/http/cursors.hpp"
#include "fcgi_app/http/poll_request.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <cstdint>
#include <string>

namespace http {

namespace {

namespace json = boost::json;

// Listens to Boost.JSON's parser while it reads the body. Keeps no document: of what the protocol
// does not know, one key and one string at a time.
class poll_handler {
public:
    // The parser's own checks against growth; the body is limited before it gets here.
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    poll_body take()
    {
        out_.cursors = collected_.take();
        out_.access = collected_.access();
        out_.malformed |= collected_.malformed();
        out_.too_large = collected_.too_large();
        if (!is_text_) {
            out_.unreadable = not_a_text();
        } else if (!is_object_) {
            out_.unreadable = no_json_object();
        }
        return std::move(out_);
    }

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }

    bool on_object_begin(json::error_code&)
    {
        is_object_ |= depth_ == 0;
        if (depth_ == 1 && key_is(last_post_id_key)) {
            inside_ = map::cursors;
        } else if (depth_ == 1 && key_is(epoch_key)) {
            inside_ = map::epochs;
        } else if (depth_ > 0) {
            unexpected();
        }
        ++depth_;
        return true;
    }
    bool on_object_end(std::size_t, json::error_code&)
    {
        leave();
        return true;
    }
    bool on_array_begin(json::error_code&)
    {
        unexpected();
        ++depth_;
        return true;
    }
    bool on_array_end(std::size_t, json::error_code&)
    {
        leave();
        return true;
    }

    bool on_key_part(json::string_view part, std::size_t, json::error_code&)
    {
        append_key(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code&)
    {
        append_key(part);
        key_complete_ = true;
        if (depth_ == 1) {
            note_twice(session_key, session_seen_);
            note_twice(last_post_id_key, cursors_seen_);
            note_twice(epoch_key, epochs_seen_);
            note_twice(access_key, access_seen_);
        }
        return true;
    }

    bool on_string_part(json::string_view part, std::size_t, json::error_code&)
    {
        append(text_, part);
        return true;
    }
    bool on_string(json::string_view part, std::size_t, json::error_code&)
    {
        append(text_, part);
        if (depth_ == 1 && key_is(session_key)) {
            if (out_.session_id.empty()) {
                out_.session_id = text_;
            }
        } else {
            take_number();
        }
        value_done();
        return true;
    }

    bool on_number_part(json::string_view part, json::error_code&)
    {
        append(text_, part);
        return true;
    }
    bool on_int64(std::int64_t, json::string_view part, json::error_code&)
    {
        return on_number(part);
    }
    bool on_uint64(std::uint64_t, json::string_view part, json::error_code&)
    {
        return on_number(part);
    }
    bool on_double(double, json::string_view part, json::error_code&) { return on_number(part); }

    bool on_bool(bool, json::error_code&)
    {
        unexpected();
        value_done();
        return true;
    }
    bool on_null(json::error_code&)
    {
        if (in_map() && inside_ == map::epochs) {
            collected_.add_epoch(key_, "0"); // as answers say it of a wall without entries
        } else {
            unexpected();
        }
        value_done();
        return true;
    }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

private:
    static constexpr std::string_view session_key = "session_id";
    static constexpr std::string_view last_post_id_key = "last_post_id";
    static constexpr std::string_view epoch_key = "epoch";
    static constexpr std::string_view access_key = "access";

    enum class map : std::uint8_t { neither, cursors, epochs };

    bool key_is(std::string_view name) const { return key_ == name; }
    bool in_map() const { return inside_ != map::neither && depth_ == 2; }

    // The digits as the client wrote them are judged, so 1.0 and 1e3 are no cursors.
    bool on_number(json::string_view part)
    {
        append(text_, part);
        take_number();
        value_done();
        return true;
    }

    void take_number()
    {
        if (depth_ == 1 && key_is(access_key)) {
            collected_.set_access(text_);
        } else if (!in_map()) {
            unexpected();
        } else if (inside_ == map::cursors) {
            collected_.add(key_, text_);
        } else {
            collected_.add_epoch(key_, text_);
        }
    }

    // A value of a kind that is wrong wherever the protocol expects something.
    void unexpected()
    {
        const bool known_key = depth_ == 1 && (key_is(session_key) || key_is(last_post_id_key) ||
                                               key_is(epoch_key) || key_is(access_key));
        out_.malformed |= depth_ == 0 || known_key || in_map();
    }

    void note_twice(std::string_view name, bool& seen)
    {
        if (key_is(name)) {
            out_.malformed |= seen;
            seen = true;
        }
    }

    void append(std::string& to, json::string_view part)
    {
        is_text_ &= part.find('\0') == json::string_view::npos;
        to.append(part.data(), part.size());
    }

    void append_key(json::string_view part)
    {
        if (key_complete_) {
            key_.clear();
            key_complete_ = false;
        }
        append(key_, part);
    }

    void value_done() { text_.clear(); }

    void leave()
    {
        --depth_;
        if (depth_ < 2) {
            inside_ = map::neither;
        }
    }

    poll_body out_;
    cursors collected_;
    std::string key_;  // the last one read, at any depth
    std::string text_; // of the string or number that is being read
    std::size_t depth_ = 0;
    bool key_complete_ = false;
    bool session_seen_ = false;
    bool cursors_seen_ = false;
    bool epochs_seen_ = false;
    bool access_seen_ = false;
    map inside_ = map::neither;
    bool is_object_ = false;
    bool is_text_ = true; // so far: no NUL; the parser sees to the rest
};

} // namespace

poll_body parse_poll_json(std::string_view text)
{
    json::parse_options options;
    options.max_depth = max_json_depth;
    json::basic_parser<poll_handler> parser(options);
    json::error_code error;
    const auto used = parser.write_some(false, text.data(), text.size(), error);
    auto out = parser.handler().take();
    if (error || used != text.size()) {
        out.unreadable = why_no_json(text, error, used);
    }
    out.malformed |= out.unreadable.has_value();
    if (out.malformed) {
        out.cursors.clear();
    }
    return out;
}

} // namespace http
