#include "fcgi_app/config/config.hpp"

#include <algorithm>

namespace pollster {

void derive(config& c)
{
    auto& answer = c.walls.backlog;
    answer.wall_bytes = std::min(answer.wall_bytes, answer.answer_bytes);
    answer.kept_bytes = c.walls.room_bytes / 8;
    c.walls.refresh.page = {answer.entries, answer.wall_bytes, answer.answer_bytes};
    c.routes.poll_spread = std::min(c.routes.poll_spread, c.routes.poll_time / 12);
    c.routes.page_bytes = c.database.page_bytes;
    c.routes.session_lifetime = c.database.session_lifetime;
    if (!c.routes.rates.on) {
        c.routes.rates = routes::rate_settings::none();
        c.walls.max_parked_per_user = 0;
        c.walls.max_parked_guests = c.walls.max_parked;
    }
}

} // namespace pollster
