// Which networks an address counts for when requests are limited. Any thread.
#pragma once

#include <string>
#include <vector>

namespace limits {

struct network {
    std::string key;
    double share; // how many times the limit of one address it may use
};

// An IPv4 address as it is, even if it is mapped (::ffff:192.0.2.1). For an IPv6 address its
// networks, the narrowest first: the /64, since whoever has one address has all of them; the /56
// that a home connection often has, and the /48 of a site, so that nobody gets 256 or 65,536 times
// as much. Anything else as it is. Never empty.
std::vector<network> networks_of(const std::string& address);

// Is it one of IPv4 or IPv6? Anything else ("unix:", nothing) is not known to be one client's.
bool is_address(const std::string& address);

} // namespace limits
