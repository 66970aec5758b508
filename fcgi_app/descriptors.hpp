// How many descriptors this process may open.
#pragma once

#include <cstddef>

namespace pollster {

// Every connection is a descriptor: takes what the system allows, and says so in the log if it is
// not enough for so many.
void raise_descriptor_limit(std::size_t max_connections);

} // namespace pollster
