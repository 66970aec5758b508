#include "fcgi_app/routes/handlers.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace routes {

namespace json = boost::json;

answer list_walls(context& cx, call& c)
{
    const auto caller = authenticate(cx, c, purpose::reading);
    if (!caller) {
        return caller.error();
    }
    const auto listed = cx.data.posts.walls_of(reader_of(**caller));
    if (!listed) {
        return listed.error();
    }
    json::array list;
    for (const db::wall_summary& w : *listed) {
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

answer mark_read(context& cx, call& c)
{
    const auto caller = authenticate(cx, c, purpose::wall_costs);
    if (!caller) {
        return caller.error();
    }
    const auto body = json_body(c.request);
    if (!body) {
        return body.error();
    }
    const auto* id = body->if_contains("id");
    if (id == nullptr || !id->is_int64() || id->get_int64() < 0) {
        return http::refusal{
            422, "id must be the number of an entry: digits only, from 0 to 9223372036854775807."};
    }
    const auto marked = cx.data.posts.mark_read(reader_of(**caller), walls::wall_id{c.wall},
                                                walls::entry_id{id->get_int64()});
    if (!marked) {
        return marked.error();
    }
    return http::response::json(json::serialize(json::object{{"read", *marked}}));
}

} // namespace routes
