#include "walls/entry.hpp"

#include "walls/json_id.hpp"

#include <boost/json.hpp>

namespace walls {

std::string to_json(const entry& e)
{
    boost::json::object o;
    o["id"] = number(e.id);
    o["post_id"] = json_id(e.post);
    o["kind"] = e.kind;
    o["user_id"] = json_id(e.user);
    o["user_name"] = e.user_name;
    if (e.body) {
        o["body"] = *e.body;
    } else {
        o["body"] = nullptr;
    }
    o["created_at"] = e.created_at;
    if (e.edited_at) {
        o["edited_at"] = *e.edited_at;
    }
    auto json = boost::json::serialize(o);
    if (e.extra) { // as it is: PostgreSQL has made it of its own jsonb
        json.back() = ',';
        json.append(R"("extra":)").append(*e.extra) += '}';
    }
    return json;
}

} // namespace walls
