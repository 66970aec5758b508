// Signals as events of the loop: blocked, and read from a descriptor by one fiber. Thread of the
// event loop only, except block_signals().
#pragma once

#include "fibers/reactor.hpp"
#include "fibers/sleeper.hpp"

#include <deque>

namespace pollster {

// SIGTERM, SIGINT and SIGHUP arrive as bytes on the descriptor (a signalfd) from now on, SIGPIPE
// never. Called before any other thread exists.
int block_signals();

// Until then SIGHUP waits: it would end a process that is still asking the database.
void hold_reloads();

class signal_watch final : public fibers::watcher {
public:
    explicit signal_watch(int descriptor)
        : descriptor_(descriptor)
    {
    }
    // The next signal. Blocks the calling fiber; one fiber waits at a time.
    int next();
    void on_ready(std::uint32_t events) override;

private:
    const int descriptor_;
    std::deque<int> arrived_;
    fibers::sleeper waiting_;
};

} // namespace pollster
