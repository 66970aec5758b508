// The events of a stream that are not news: what ended it, and which of its walls were lost or
// gained (docs/PROTOCOL.md, "The stream"). Fibers of the event loop only.
#pragma once

#include "fcgi_app/http/response.hpp"
#include "fcgi_app/http/trace.hpp"
#include "fcgi_app/routes/context.hpp"
#include "walls/sink.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace routes {

// The pause before a stream's client comes back, drawn so that streams that end together do not
// begin together.
std::chrono::milliseconds comes_back_after(context& cx);

// The last event. Counts and logs what the ending says; `name` is for the log.
std::string end_event(context& cx, const walls::ending& e, const http::request_name& name);

// For a client that takes an answer other than 200 as the last word (EventSource does): a refusal
// that passes, as a stream that ends at once and says when to come back.
http::response refused_for_now(const http::response& refusal);

// `now`: of all walls, if the client knows another number.
std::string access_event(std::span<const walls::wall_id> lost,
                         std::span<const walls::wall_id> gained,
                         std::optional<walls::access_number> now);

} // namespace routes
