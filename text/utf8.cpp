#include "text/utf8.hpp"

#include <utf8.h>

namespace text {

bool is_utf8(std::string_view bytes)
{
    return utf8::is_valid(bytes.begin(), bytes.end());
}

bool is_text(std::string_view bytes)
{
    unsigned char all = 0;
    bool nul = false;
    for (const char c : bytes) {
        all |= static_cast<unsigned char>(c);
        nul |= c == 0;
    }
    return !nul && (all < 0x80 || is_utf8(bytes)); // most is ASCII
}

} // namespace text
