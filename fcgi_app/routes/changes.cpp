// Edits and deletions of posts by their author. Each is an entry of the wall's feed, so whoever saw
// the post hears of it like of a new one.
#include "fcgi_app/routes/handlers.hpp"

namespace routes {

namespace {

answer change(context& cx, const call& c, const walls::identity& caller,
              std::optional<std::string> body)
{
    const walls::wall_id wall{c.wall};
    const bool edits = body.has_value();
    const auto before = cx.hub.about_to_publish();
    const auto done = cx.data.all.change_post(
        {wall, reader_of(caller), walls::post_id{c.post}, std::move(body), before.access_known});
    if (!done) {
        cx.hub.publishing_failed(done.error());
        return done.error();
    }
    if (const auto* changed = std::get_if<db::post_changed>(&*done)) {
        cx.metrics.changes.Increment();
        cx.hub.published(
            {changed->entry, wall, changed->epoch, changed->access_changed, before.outdated});
        return entry_response(*changed, 200);
    }
    if (const auto* unchanged = std::get_if<db::post_unchanged>(&*done)) {
        return entry_response(*unchanged, 200);
    }
    if (std::holds_alternative<db::post_foreign>(*done)) {
        return http::refusal{403, "This post is not yours."};
    }
    if (std::holds_alternative<db::post_missing>(*done)) {
        return http::refusal{404, "There is no such post on this wall."};
    }
    if (const auto* refused = std::get_if<db::post_unacceptable>(&*done)) {
        return unacceptable(*refused, edits ? "The database does not take this text."
                                            : "The database does not let this post be deleted.");
    }
    return std::get<db::post_forbidden>(*done).why;
}

} // namespace

answer edit_post(context& cx, call& c)
{
    const auto caller = authenticate(cx, c, purpose::wall_costs);
    if (!caller) {
        return caller.error();
    }
    const auto fields = json_body(c.request);
    if (!fields) {
        return fields.error();
    }
    auto text = text_of_post(*fields);
    if (!text) {
        return text.error();
    }
    return change(cx, c, **caller, std::move(*text));
}

answer delete_post(context& cx, call& c)
{
    const auto caller = authenticate(cx, c, purpose::wall_costs);
    if (!caller) {
        return caller.error();
    }
    return change(cx, c, **caller, std::nullopt);
}

} // namespace routes
