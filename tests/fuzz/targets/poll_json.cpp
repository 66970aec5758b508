// Whatever is accepted as a poll in JSON means the same to Boost.JSON's own parser.
#include "fcgi_app/http/poll_request.hpp"
#include "tests/fuzz/poll_rules.hpp"
#include "tests/fuzz/targets.hpp"

#include <boost/json.hpp>

namespace fuzz {

namespace json = boost::json;

void poll_json(std::string_view input)
{
    const auto poll = http::parse_poll_json(input);
    follows_the_rules(poll);

    json::error_code error;
    const auto document = json::parse(input, error); // 32 levels deep at most, as ours
    must(!error || poll.unreadable, "what is no JSON has a reason");
    must(error || document.is_object() || poll.unreadable, "and what is no object, too");
    if (poll.malformed) {
        return;
    }
    must(!error && document.is_object(), "only an object is accepted");
    const auto& object = document.get_object();
    const auto* session = object.if_contains("session_id");
    must(session == nullptr ? poll.session_id.empty()
                            : session->is_string() && session->get_string() == poll.session_id,
         "the same session");
    const auto* walls_given = object.if_contains("last_post_id");
    if (walls_given == nullptr) {
        must(poll.cursors.empty(), "no cursors where none are given");
        return;
    }
    must(walls_given->is_object(), "cursors are an object");
    must(walls_given->get_object().size() == poll.cursors.size(), "all cursors");
    for (const auto& [wall, last] : walls_given->get_object()) {
        must(last.is_int64() || last.is_string(), "cursors are whole numbers or strings");
    }
}

} // namespace fuzz
