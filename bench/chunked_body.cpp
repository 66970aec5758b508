#include "bench/chunked_body.hpp"

#include <algorithm>

namespace bench {

namespace {

constexpr unsigned most_digits = 8; // 4 GiB a chunk

int value_of(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    const char lower = static_cast<char>(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

std::string_view chunked_body::next(std::string_view& bytes)
{
    while (!bytes.empty() && state_ < state::ended) {
        if (state_ == state::data) {
            const auto piece = bytes.substr(0, std::min(bytes.size(), left_));
            bytes.remove_prefix(piece.size());
            left_ -= piece.size();
            if (left_ == 0) {
                state_ = state::data_cr;
            }
            return piece;
        }
        const char c = bytes.front();
        bytes.remove_prefix(1);
        take(c);
    }
    return {};
}

void chunked_body::take(char c)
{
    switch (state_) {
    case state::size:
        return take_size(c);
    case state::extension:
        if (c == '\r') {
            state_ = state::size_lf;
        }
        return;
    case state::size_lf:
        return expect(c, '\n', left_ == 0 ? state::trailer : state::data);
    case state::data_cr:
        return expect(c, '\r', state::data_lf);
    case state::data_lf:
        digits_ = 0;
        return expect(c, '\n', state::size);
    case state::trailer:
        state_ = c == '\r' ? state::last_lf : state::trailer_line;
        return;
    case state::trailer_line:
        if (c == '\r') {
            state_ = state::trailer_lf;
        }
        return;
    case state::trailer_lf:
        return expect(c, '\n', state::trailer);
    case state::last_lf:
        return expect(c, '\n', state::ended);
    case state::data:
    case state::ended:
    case state::malformed:
        return;
    }
}

void chunked_body::take_size(char c)
{
    if (const int digit = value_of(c); digit >= 0 && digits_ < most_digits) {
        left_ = left_ * 16 + static_cast<std::size_t>(digit);
        ++digits_;
    } else if (digits_ == 0) {
        state_ = state::malformed;
    } else if (c == '\r') {
        state_ = state::size_lf;
    } else {
        state_ = c == ';' || c == ' ' || c == '\t' ? state::extension : state::malformed;
    }
}

void chunked_body::expect(char c, char wanted, state then)
{
    state_ = c == wanted ? then : state::malformed;
}

} // namespace bench
