#include "fcgi_app/routes/handlers.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace routes {

namespace json = boost::json;

answer list_walls(services& s, call& c)
{
    auto caller = authenticate_reader(s, c);
    if (auto* refused = std::get_if<http::response>(&caller)) {
        return std::move(*refused);
    }
    const auto answered = s.posts.walls_of(reader_of(*std::get<walls::identity_ptr>(caller)));
    if (!answered) {
        return refusal(s, answered.error());
    }
    json::array list;
    for (const db::wall_summary& w : *answered) {
        list.push_back(json::object{{"id", walls::number(w.id)},
                                    {"name", w.name},
                                    {"kind", w.kind},
                                    {"newest", walls::number(w.newest)},
                                    {"epoch", w.newest == walls::entry_id{0}
                                                  ? json::value(nullptr)
                                                  : json::value(walls::number(w.epoch))},
                                    {"unread", w.unread}});
    }
    return http::response::json(json::serialize(json::object{{"walls", std::move(list)}}));
}

answer mark_read(services& s, call& c)
{
    auto caller = authenticate_writer(s, c);
    if (auto* refused = std::get_if<http::response>(&caller)) {
        return std::move(*refused);
    }
    auto body = json_body(c.request);
    if (auto* refused = std::get_if<http::response>(&body)) {
        return std::move(*refused);
    }
    const auto* id = std::get<json::object>(body).if_contains("id");
    if (id == nullptr || !id->is_int64() || id->get_int64() < 0) {
        return http::response::error(
            422, "id must be the number of an entry: digits only, from 0 to 9223372036854775807.");
    }
    const auto marked = s.posts.mark_read(reader_of(*std::get<walls::identity_ptr>(caller)),
                                          walls::wall_id{c.wall}, walls::entry_id{id->get_int64()});
    if (!marked) {
        return refusal(s, marked.error());
    }
    return http::response::json(json::serialize(json::object{{"read", *marked}}));
}

} // namespace routes
