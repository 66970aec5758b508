// Edits and deletions of posts by their author. Each is an entry of the wall's feed, so whoever saw
// the post hears of it like of a new one.
#include "fcgi_app/routes/handlers.hpp"

namespace routes {

namespace {

answer change(services& s, const call& c, const walls::identity& caller,
              std::optional<std::string> body)
{
    const walls::wall_id wall{c.wall};
    const bool edits = body.has_value();
    const auto outdated = s.recent.outdated();
    const auto made = s.posts.change_post({wall, reader_of(caller), walls::post_id{c.post},
                                           std::move(body), s.refresh.access_known()});
    if (!made) {
        if (const auto error = db::error_of(made)) {
            s.refresh.posting_failed(*error);
        }
        return refusal(s, made.error(),
                       edits ? "The database does not take this text."
                             : "The database does not let this post be deleted.");
    }
    if (made->is_new) {
        s.metrics.changes.Increment();
        s.refresh.posted({made->entry, wall, made->epoch, made->access_changed, outdated});
    }
    return entry_response(*made, 200);
}

} // namespace

answer edit_post(services& s, call& c)
{
    auto caller = authenticate_writer(s, c);
    if (auto* refused = std::get_if<http::response>(&caller)) {
        return std::move(*refused);
    }
    auto fields = json_body(c.request);
    if (auto* refused = std::get_if<http::response>(&fields)) {
        return std::move(*refused);
    }
    auto text = text_of_post(std::get<boost::json::object>(fields));
    if (auto* refused = std::get_if<http::response>(&text)) {
        return std::move(*refused);
    }
    return change(s, c, *std::get<walls::identity_ptr>(caller), std::get<std::string>(text));
}

answer delete_post(services& s, call& c)
{
    auto caller = authenticate_writer(s, c);
    if (auto* refused = std::get_if<http::response>(&caller)) {
        return std::move(*refused);
    }
    return change(s, c, *std::get<walls::identity_ptr>(caller), std::nullopt);
}

} // namespace routes
