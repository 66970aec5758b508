// Where each request id of one connection stands, in two bits: a waiting request costs a quarter of
// a byte here, a connection of nginx (always id 1) one byte, and all 65,535 ids 16 KB.
#pragma once

#include "fcgi_app/fastcgi/record.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fastcgi {

enum class id_state : std::uint8_t {
    free,      // inactive, in the specification's words (section 3.3)
    receiving, // begun, not all of it is here
    delivered, // with the owner
    aborted,   // with the owner, who knows that the peer has lost interest
};

class id_states {
public:
    id_state of(request_id id) const
    {
        const std::size_t at = id / per_byte;
        if (at >= bytes_.size()) {
            return id_state::free;
        }
        return static_cast<id_state>(bytes_[at] >> shift(id) & 3);
    }

    void set(request_id id, id_state to)
    {
        const std::size_t at = id / per_byte;
        if (at >= bytes_.size()) {
            bytes_.resize(at + 1);
        }
        const auto others = bytes_[at] & ~(3 << shift(id));
        bytes_[at] = static_cast<std::uint8_t>(others | static_cast<int>(to) << shift(id));
    }

private:
    static constexpr unsigned per_byte = 4;
    static unsigned shift(request_id id) { return id % per_byte * 2; }

    std::vector<std::uint8_t> bytes_; // grows up to the highest id seen
};

} // namespace fastcgi
