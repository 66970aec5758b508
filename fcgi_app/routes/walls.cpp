#include "fcgi_app/routes/handlers.hpp"
#include "walls/access_number.hpp"
#include "walls/json_id.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <vector>

namespace routes {

namespace json = boost::json;

namespace {

bool same_walls(const std::vector<db::wall_summary>& listed, const walls::identity& who)
{
    return std::ranges::equal(listed, who.walls, {}, &db::wall_summary::id);
}

} // namespace

answer list_walls(context& cx, call& c)
{
    const auto caller = authenticate(cx, c, purpose::reading);
    if (!caller) {
        return caller.error();
    }
    const walls::identity& who = **caller;
    const auto list_of_his = [&] {
        return who.may_write() ? cx.data.posts.walls_of(reader_of(who))
                               : cx.data.posts.walls_read(reader_of(who), who.walls);
    };
    auto listed = list_of_his();
    if (listed && !same_walls(*listed, who)) {
        // A replica may not have yet what the number below tells of; it has what a look has seen.
        if (const auto looked = cx.hub.look_again({}); !looked) {
            return looked.error();
        }
        listed = list_of_his();
    }
    if (!listed) {
        return listed.error();
    }
    json::array list;
    for (const db::wall_summary& w : *listed) {
        list.push_back(json::object{{"id", walls::json_id(w.id)},
                                    {"name", w.name},
                                    {"kind", w.kind},
                                    {"newest", walls::number(w.newest)},
                                    {"epoch", w.newest == walls::entry_id{0}
                                                  ? json::value(nullptr)
                                                  : json::value(walls::number(w.epoch))},
                                    {"read", walls::number(w.read)},
                                    {"unread", w.unread}});
    }
    // The number is not younger than the list: if they do not belong together, a poll says so.
    return http::response::json(json::serialize(
        json::object{{"user", {{"id", walls::json_id(who.user)}, {"name", who.user_name}}},
                     {"access", walls::number(walls::access_number_of(who))},
                     {"walls", std::move(list)}}));
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
