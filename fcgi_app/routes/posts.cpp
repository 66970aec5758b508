#include "fcgi_app/http/form.hpp"
#include "fcgi_app/routes/handlers.hpp"
#include "fcgi_app/routes/news_json.hpp"
#include "text/number.hpp"
#include "text/utf8.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

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
std::string page_json(services& s, walls::wall_id wall, db::history& found)
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
            s.steps.pass(); // others run
            step = 0;
        }
        std::string one = walls::to_json(e);
        if (bytes > 0 && bytes + 1 + one.size() > s.options.page_bytes) {
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
    append_epoch(body, {wall, found.newest, found.epoch});
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

std::variant<db::new_post, http::response> read_post(const http::request& r)
{
    auto body = json_body(r);
    if (auto* refused = std::get_if<http::response>(&body)) {
        return std::move(*refused);
    }
    const auto& fields = std::get<json::object>(body);
    const auto* key = fields.if_contains("client_key");
    if (key != nullptr && (!key->is_string() || !acceptable_key(key->get_string()))) {
        return http::response::error(422, "client_key must be 1 to 64 of A-Z a-z 0-9 . _ -");
    }
    auto text = text_of_post(fields);
    if (auto* refused = std::get_if<http::response>(&text)) {
        return std::move(*refused);
    }
    db::new_post post;
    post.body = std::move(std::get<std::string>(text));
    post.client_key = key != nullptr ? std::string(key->get_string()) : std::string();
    return post;
}

} // namespace

answer list_posts(services& s, call& c)
{
    const auto wanted = read_page(c.request.query);
    auto caller = authenticate_wall_reader(s, c);
    // A search costs the database more than a post does.
    if (const auto* user = std::get_if<walls::identity_ptr>(&caller);
        user != nullptr && wanted && wanted->words) {
        if (auto refused = s.rate_limits.post(c.request, (*user)->user)) {
            return std::move(*refused);
        }
    }
    if (auto* refused = std::get_if<http::response>(&caller)) {
        return std::move(*refused);
    }
    if (!wanted) {
        return http::response::error(400,
                                     "before must be an entry's number, limit 1 to 200, q UTF-8 "
                                     "of 1,000 bytes at most.");
    }
    if (!wanted->is_text) {
        return http::response::error(http::not_a_text());
    }
    const walls::wall_id wall{c.wall};
    const auto limit = static_cast<std::size_t>(wanted->limit);
    // One that is read, and its JSON.
    c.room = s.room.take(std::get<walls::identity_ptr>(caller)->user, 2 * s.options.page_bytes);
    if (!c.room) {
        return unavailable(s, {walls::db_error_kind::unavailable, "stopping"});
    }
    if (c.peer->gone() && s.room.waiting() > 0) {
        return std::nullopt; // others want the room
    }
    const auto reader = reader_of(*std::get<walls::identity_ptr>(caller));
    auto answered = wanted->words
                        ? s.posts.search(reader, {wall, *wanted->words, wanted->before, limit})
                        : s.posts.posts_before(reader, wall, wanted->before, limit);
    if (!answered) {
        return refusal(s, answered.error());
    }
    std::string body = page_json(s, wall, *answered);
    c.room.keep(body.size());
    return http::response::json(std::move(body));
}

answer add_post(services& s, call& c)
{
    auto caller = authenticate_writer(s, c);
    if (auto* refused = std::get_if<http::response>(&caller)) {
        return std::move(*refused);
    }
    auto read = read_post(c.request);
    if (auto* refused = std::get_if<http::response>(&read)) {
        return std::move(*refused);
    }
    auto& post = std::get<db::new_post>(read);
    post.wall = walls::wall_id{c.wall};
    post.author = reader_of(*std::get<walls::identity_ptr>(caller));
    post.access_known = s.refresh.access_known();
    const auto outdated = s.recent.outdated();
    const auto added = s.posting.add(post);
    if (!added) {
        if (const auto error = db::error_of(added)) {
            s.refresh.posting_failed(*error);
        }
        return refusal(s, added.error(), "The database does not take this text.");
    }
    if (added->is_new) {
        s.metrics.posts.Increment();
        s.refresh.posted({added->entry, post.wall, added->epoch, added->access_changed, outdated});
    }
    return entry_response(*added, added->is_new ? 201 : 200);
}

} // namespace routes
