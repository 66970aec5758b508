// The global hash {wall -> number of the wall's newest entry}, and under each wall the parked polls
// that have seen just that number. Thread of the event loop only. Knows no SQL; the refresher feeds
// it.
//
// A poll parks only when it has seen exactly the newest entry, so each wall's list is in order of
// `seen`, and those behind are at its front: a look at a wall costs one comparison, plus 0.3 µs for
// each poll that it wakes. That is what makes the 0.5 s look affordable: a million fibers looking
// for themselves would not fit one core (1.8 million wakes/s).
#pragma once

#include "walls/parked.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace walls {

class global_hash {
public:
    // None: this wall has not been asked for since it was last forgotten.
    std::optional<head> find(wall_id wall) const;
    std::optional<entry_id> newest(wall_id wall) const;

    // Lower numbers than the known one are ignored: a slow read may arrive after a faster one.
    void raise(wall_id wall, entry_id newest);
    // Another history, or a wall that was not known: the number may also fall. Polls that have seen
    // another number, or an entry of another epoch, are behind.
    void replace(const head& h);

    // Adds the poll to the lists of the walls it waits for. All of them must be known, with `seen`
    // the newest and its epoch.
    void enter(parked& poll);
    // Wakes at most `most` polls that are behind on a wall that changed. True: there are more.
    bool look(std::size_t most);
    // The 0.5 s look at every watched wall; whoever is behind is woken by the following look()s.
    void look_at_all();

    // Wakes every poll that waits for this wall.
    void wake(wall_id wall, woken why);

    bool watched(wall_id wall) const;
    std::vector<wall_id> watched() const;
    std::size_t known() const { return walls_.size(); }
    // Forgets every wall that nobody watches; a later poll asks for it again.
    void forget_unwatched();

private:
    struct state : boost::intrusive::list_base_hook<auto_unlinked> { // linked: in changed_
        entry_id newest{};
        wall_epoch epoch{};
        boost::intrusive::list<watch, boost::intrusive::constant_time_size<false>> watches;
    };
    using state_list = boost::intrusive::list<state, boost::intrusive::constant_time_size<false>>;

    static bool someone_behind(const state& s);
    state& at(wall_id wall);
    void changed(state& s);

    boost::unordered_flat_map<wall_id, std::unique_ptr<state>> walls_;
    state_list changed_;
};

} // namespace walls
