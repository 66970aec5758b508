// Edits and deletions of posts by their author. Each is an entry of the wall's feed, so whoever saw
// the post hears of it like of a new one.
#include "fcgi_app/routes/handlers.hpp"

namespace routes {

namespace {

answer change(context& cx, const call& c, const walls::identity& caller,
              std::optional<std::string> body)
{
    const walls::wall_id wall{c.wall};
    const bool deletes = !body;
    const auto before = cx.hub.about_to_publish();
    const auto made = cx.data.posts.change_post(
        {wall, reader_of(caller), walls::post_id{c.post}, std::move(body), before.access_known});
    if (!made) {
        if (const auto error = db::error_of(made)) {
            cx.hub.publishing_failed(*error);
        }
        if (deletes && db::is_denied(made, db::denied::unacceptable)) {
            return unacceptable(c.name(), made.error().why,
                                "The database does not let this post be deleted.");
        }
        return made.error();
    }
    if (made->is_new) {
        cx.metrics.changes.Increment();
        cx.hub.published({made->entry, wall, made->epoch, made->access_changed, before.outdated,
                          made->committed});
    }
    return entry_response(*made, 200);
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
