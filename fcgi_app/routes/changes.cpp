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
    const auto outcome = s.store.change_post({wall, reader_of(caller), walls::post_id{c.post},
                                              std::move(body), s.refresh.access_known()});
    if (!outcome) {
        s.refresh.posting_failed(outcome.error());
        return unavailable(s, outcome.error());
    }
    if (const auto* changed = std::get_if<db::post_changed>(&*outcome)) {
        s.metrics.changes.Increment();
        s.refresh.posted({changed->entry, wall, changed->epoch, changed->access_changed, outdated});
        return entry_response(*changed, 200);
    }
    if (const auto* unchanged = std::get_if<db::post_unchanged>(&*outcome)) {
        return entry_response(*unchanged, 200);
    }
    if (std::holds_alternative<db::post_foreign>(*outcome)) {
        return http::response::error(403, "This post is not yours.");
    }
    if (std::holds_alternative<db::post_missing>(*outcome)) {
        return http::response::error(404, "There is no such post on this wall.");
    }
    if (const auto* refused = std::get_if<db::post_unacceptable>(&*outcome)) {
        return unacceptable(*refused, edits ? "The database does not take this text."
                                            : "The database does not let this post be deleted.");
    }
    return refusal(std::get<db::post_forbidden>(*outcome).why);
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
