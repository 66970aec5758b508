#include "fcgi_app/limits/held_places.hpp"

#include "fcgi_app/limits/network.hpp"

#include <algorithm>

namespace limits {

held_places::place held_places::take(const std::string& address, std::size_t most)
{
    const auto all = networks_of(address); // the narrowest first
    const bool full = std::ranges::any_of(all, [&](const limits::network& n) {
        const auto it = networks_.find(n.key);
        return it != networks_.end() &&
               static_cast<double>(it->second.held) >= static_cast<double>(most) * n.share;
    });
    if (full || most == 0) {
        return {};
    }
    network* wider = nullptr;
    for (auto n = all.rbegin(); n != all.rend(); ++n) {
        const auto it = networks_.try_emplace(n->key).first;
        it->second = {this, wider, &it->first, it->second.held + 1};
        wider = &it->second;
    }
    return place(wider);
}

void held_places::give_back(network* n)
{
    while (n != nullptr) {
        network* const wider = n->wider; // holds one for each of its narrower ones
        if (--n->held == 0) {
            auto& all = n->table->networks_;
            all.erase(all.find(*n->key));
        }
        n = wider;
    }
}

} // namespace limits
