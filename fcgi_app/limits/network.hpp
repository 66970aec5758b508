// Whom an address stands for when requests are counted. Any thread.
#pragma once

#include <string>

namespace limits {

// An IPv4 address as it is; the /64 of an IPv6 address, for whoever has one has all of them; the
// IPv4 address in a mapped one (::ffff:192.0.2.1). Anything else as it is.
std::string network_of(const std::string& address);

} // namespace limits
