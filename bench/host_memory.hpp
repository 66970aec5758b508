// In a virtual machine the host gives a page when it is first touched, for some 10 µs, and takes
// free ones back after seconds (free page reporting). Without this, whoever fills 5 GB measures
// that. Any thread.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace bench {

// Touches as many bytes and gives them back to this kernel: whoever needs them next only has them
// cleared.
inline void have_from_the_host(std::size_t bytes)
{
    constexpr std::size_t page = 4096;
    void* const memory =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::bad_alloc();
    }
    for (std::size_t i = 0; i < bytes; i += page) {
        static_cast<volatile char*>(memory)[i] = 1;
    }
    munmap(memory, bytes);
}

} // namespace bench
