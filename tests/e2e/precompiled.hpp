// As tests/precompiled.hpp, for programs that run the whole stack.
#pragma once

#include "tests/e2e/stack.hpp"
#include "tests/precompiled.hpp"
