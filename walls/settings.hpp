// What an operator may set of this folder, each with its default. Options of the server
// (fcgi_app/config) fill it in; derive() there sets what follows from the others.
#pragma once

#include "walls/backlog.hpp"
#include "walls/recent_entries.hpp"
#include "walls/refresher.hpp"

#include <chrono>
#include <cstddef>

namespace walls {

struct settings {
    std::chrono::milliseconds look{500}; // the aligned tick at which the hash is compared
    refresher::settings refresh;
    recent_entries::limits recent;
    walls::backlog::limits backlog;
    std::size_t max_parked = 1'200'000;
    std::size_t max_parked_guests = 0;                       // together; 0: a quarter of max_parked
    std::size_t max_parked_per_user = 1'000;                 // 0: no limit
    std::size_t room_bytes = std::size_t{128} * 1024 * 1024; // answer_room
};

} // namespace walls
