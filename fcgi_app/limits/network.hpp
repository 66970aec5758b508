// Whom an address stands for when requests are counted. Any thread.
#pragma once

#include <string>
#include <vector>

namespace limits {

struct network {
    std::string key;
    double share; // how many times as much as one address it may
};

// An IPv4 address as it is, also one that is mapped (::ffff:192.0.2.1). Of an IPv6 address its
// networks, the narrowest first: the /64, for whoever has one address has all of them; the /56 that
// a line at home often has, and the /48 of a site, so that nobody has 256 or 65,536 times as much.
// Anything else as it is. Never empty.
std::vector<network> networks_of(const std::string& address);

} // namespace limits
