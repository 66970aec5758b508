#include "fcgi_app/http/form.hpp"
#include "fcgi_app/routes/handlers.hpp"
#include "text/number.hpp"
#include "text/utf8.hpp"
#include "walls/news_json.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdint>

namespace routes {

namespace {

namespace json = boost::json;

constexpr std::int64_t default_limit = 50;
constexpr std::int64_t largest_limit = 200;
constexpr std::size_t longest_search = 1000; // bytes

struct page_wanted {
    std::optional<walls::entry_id> before;
    std::int64_t limit = default_limit;
    std::optional<std::string> words; // of a search
    bool is_text = true;              // all of the query
};

std::optional<page_wanted> read_page(const std::string& query)
{
    const auto fields = http::parse_form(query, 16);
    if (!fields) {
        return std::nullopt;
    }
    page_wanted wanted;
    for (const auto& [key, value] : *fields) {
        wanted.is_text &= text::is_text(key) && text::is_text(value);
        if (key == "q" && !wanted.words && value.size() <= longest_search) {
            wanted.words = value;
            continue;
        }
        if (key == "q") {
            return std::nullopt;
        }
        if (key != "before" && key != "limit") {
            continue;
        }
        const auto n =
            text::parse_number<std::int64_t>(value, 1, key == "limit" ? largest_limit : INT64_MAX);
        if (!n) {
            return std::nullopt;
        }
        if (key == "before") {
            wanted.before = walls::entry_id{*n};
        } else {
            wanted.limit = *n;
        }
    }
    return wanted;
}

// The newest posts that fit; what is left out is older, and is read with `before`.
std::string page_json(context& cx, walls::wall_id wall, db::history& found)
{
    constexpr std::size_t bytes_a_step = std::size_t{32} * 1024;
    std::vector<std::string> newest_first;
    walls::entry_id oldest{};
    std::size_t bytes = 0;
    std::size_t step = bytes_a_step;
    while (!found.posts.empty()) {
        walls::entry& e = found.posts.back();
        step += e.body ? e.body->size() : 0;
        if (step > bytes_a_step) {
            cx.large.steps.pass(); // others run
            step = 0;
        }
        std::string one = walls::to_json(e);
        if (bytes > 0 && bytes + 1 + one.size() > cx.options.page_bytes) {
            found.before = oldest;
            break;
        }
        bytes += 1 + one.size();
        newest_first.push_back(std::move(one));
        oldest = e.id;
        found.posts.pop_back();
    }
    std::string body;
    body.reserve(bytes + 100);
    body += R"({"posts":[)";
    while (!newest_first.empty()) {
        body += newest_first.back();
        newest_first.pop_back();
        body += newest_first.empty() ? "" : ",";
    }
    body += R"(],"more":)" + std::string(found.before ? "true" : "false");
    if (found.before) {
        body += R"(,"before":)" + std::to_string(walls::number(*found.before));
    }
    body += R"(,"newest":)" + std::to_string(walls::number(found.newest));
    body += ',';
    walls::append_epoch(body, {wall, found.newest, found.epoch});
    body += '}';
    return body;
}

bool acceptable_key(std::string_view key)
{
    return !key.empty() && key.size() <= 64 && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
}

outcome<db::new_post> read_post(const http::request& r)
{
    const auto fields = json_body(r);
    if (!fields) {
        return fields.error();
    }
    const auto* key = fields->if_contains("client_key");
    if (key != nullptr && (!key->is_string() || !acceptable_key(key->get_string()))) {
        return http::refusal{422, "client_key must be 1 to 64 of A-Z a-z 0-9 . _ -"};
    }
    auto text = text_of_post(*fields);
    if (!text) {
        return text.error();
    }
    db::new_post post;
    post.body = std::move(*text);
    post.client_key = key != nullptr ? std::string(key->get_string()) : std::string();
    return post;
}

} // namespace

answer list_posts(context& cx, call& c)
{
    const auto wanted = read_page(c.request.query);
    const auto caller = authenticate(cx, c, purpose::wall);
    if (!caller) {
        return caller.error();
    }
    const walls::identity& who = **caller;
    // A search costs the database more than a post does.
    if (wanted && wanted->words) {
        if (auto too_many = cx.limits.post(c.request, who.user)) {
            return std::move(*too_many);
        }
    }
    if (!wanted) {
        return http::refusal{400, "before must be an entry's number, limit 1 to 200, q UTF-8 of "
                                  "1,000 bytes at most."};
    }
    if (!wanted->is_text) {
        return http::not_a_text();
    }
    const walls::wall_id wall{c.wall};
    const auto limit = static_cast<std::size_t>(wanted->limit);
    // One that is read, and its JSON.
    c.room = cx.large.room.take(who.user, 2 * cx.options.page_bytes);
    if (!c.room) {
        return walls::db_error{walls::db_error_kind::unavailable, "stopping"};
    }
    if (c.peer->gone() && cx.large.room.waiting() > 0) {
        return std::nullopt; // others want the room
    }
    auto found =
        wanted->words
            ? cx.data.posts.search(reader_of(who), {wall, *wanted->words, wanted->before, limit})
            : cx.data.posts.posts_before(reader_of(who), wall, wanted->before, limit);
    if (!found) {
        return found.error();
    }
    std::string body = page_json(cx, wall, *found);
    c.room.keep(body.size());
    return http::response::json(std::move(body));
}

answer add_post(context& cx, call& c)
{
    const auto caller = authenticate(cx, c, purpose::wall_costs);
    if (!caller) {
        return caller.error();
    }
    auto post = read_post(c.request);
    if (!post) {
        return post.error();
    }
    const walls::wall_id wall{c.wall};
    const auto before = cx.hub.about_to_publish();
    post->wall = wall;
    post->author = reader_of(**caller);
    post->access_known = before.access_known;
    const auto added = cx.data.posting.add(std::move(*post));
    if (!added) {
        if (const auto error = db::error_of(added)) {
            cx.hub.publishing_failed(*error);
        }
        return added.error();
    }
    if (added->is_new) {
        cx.metrics.posts.Increment();
        cx.hub.published({added->entry, wall, added->epoch, added->access_changed, before.outdated,
                          added->committed});
    }
    return entry_response(*added, added->is_new ? 201 : 200);
}

} // namespace routes
