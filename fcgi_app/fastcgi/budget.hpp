// Bytes of answers that the peers of a server have not taken yet, over all connections: where an
// application bounds them together with other memory. This one is unlimited. Thread of the event
// loop only; nothing here may wait.
#pragma once

#include <cstddef>

namespace fastcgi {

class budget {
public:
    virtual ~budget() = default;

    virtual void add(std::size_t /*bytes*/) {}    // queued
    virtual void remove(std::size_t /*bytes*/) {} // taken, or dropped with the connection
    // No answer is put behind what a peer has not taken yet.
    virtual bool exceeded() const { return false; }
    // Somebody waits until there is room: a peer that takes no answer whole for send_timeout is
    // closed then, even if it reads a little now and then.
    virtual bool others_wait() const { return false; }
};

} // namespace fastcgi
