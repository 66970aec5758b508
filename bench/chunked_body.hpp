// A body with Transfer-Encoding: chunked (RFC 9112, section 7.1), decoded as it arrives, cut
// anywhere. Nothing is copied. Pure; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bench {

class chunked_body {
public:
    // The next piece of the body, taken off the front of `bytes` with what frames it. Empty: all of
    // `bytes` is used up, or the body has ended or is malformed; then the rest stays in `bytes`.
    std::string_view next(std::string_view& bytes);

    bool ended() const { return state_ == state::ended; } // what follows is another answer
    bool malformed() const { return state_ == state::malformed; }

private:
    enum class state : std::uint8_t {
        size,      // hexadecimal digits
        extension, // up to the end of the line
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer, // at the beginning of a line behind the last chunk
        trailer_line,
        trailer_lf,
        last_lf,
        ended,
        malformed
    };

    void take(char c);
    void take_size(char c);
    void expect(char c, char wanted, state then);

    state state_ = state::size;
    std::size_t left_ = 0; // of the chunk
    unsigned digits_ = 0;
};

} // namespace bench
