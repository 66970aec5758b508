// How a request goes back to its application: one answer without a body, by which nginx asks the
// application again. One that has parked goes in its turn (releases.hpp), one whose end was decided
// on arrival at once: of these there are no more than the application sends. The sink of a
// walls::vigil. Fibers of the event loop only.
#pragma once

#include "fcgi_app/adapters/releases.hpp"
#include "fcgi_app/fastcgi/exchange.hpp"
#include "fcgi_app/routes/context.hpp"
#include "walls/vigil.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace adapters {

class park_sink {
public:
    // `then`: as park_request has it. `number` and `trace` name the request.
    park_sink(routes::context& cx, releases& pace, std::unique_ptr<fastcgi::exchange> peer,
              std::string then, std::uint64_t number, http::trace trace);

    void end(const walls::vigil_ending& e); // may wait for its turn
    std::size_t going() const { return pace_->waiting(); }
    template <class Callback>
    auto on_disconnect(Callback callback)
    {
        return fastcgi::disconnect_callback<Callback>(*peer_, std::move(callback));
    }

private:
    void wait_for_its_turn();
    std::string answer(const walls::vigil_ending& e);
    [[gnu::noinline]] void note(const walls::vigil_ending& e);

    routes::context* context_;
    releases* pace_;
    std::unique_ptr<fastcgi::exchange> peer_;
    std::string then_;
    std::uint64_t number_;
    http::trace trace_;
};

} // namespace adapters
