// How long tests wait for what must happen. It only ends a test that hangs: nothing is measured by
// it, and no load of the machine may break it. What must be fast is shown by counts, by order, or
// by time that is passed as an argument.
#pragma once

#include <chrono>

namespace tests {

inline constexpr std::chrono::seconds patience{120};

} // namespace tests
