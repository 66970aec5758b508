// What becomes of those who connect to a listening socket while its server stops. Pure system
// calls; any thread.
#pragma once

#include <cstdint>

namespace fastcgi {

enum class newcomers : std::uint8_t {
    // Served until all is answered that was in flight when the stop began; then they wait in the
    // backlog for whoever listens on this socket next.
    wait,
    // From the beginning, so that the web server asks another one of its upstream.
    refused,
};

// From now on nobody else gets into the backlog of a unix socket: connect() fails at once with
// EAGAIN, for nginx an error after which it asks the next server. True: done. False: somebody came
// first; accept them, and call again. What is done holds for the socket and not for this process:
// whoever listens on it next calls listen() again, which undoes it, and finds one connection in the
// backlog that has ended. Also true, with nothing done, for another kind of socket; and if this
// user may not connect, but then one single connection still gets into the backlog.
bool refuse_newcomers(int listening);

} // namespace fastcgi
