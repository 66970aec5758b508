// A table of fixed size from keys that strangers choose (addresses, names) to small values. It
// never holds more than `capacity` values, whatever they send: a new key replaces that of its eight
// neighbours which ends first. Sans-IO; one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace limits {

using time_point = std::chrono::steady_clock::time_point;

// Value has `time_point until`: from then on it means the same as a new one.
template <class Value>
class keyed_slots {
public:
    // `secret` keeps strangers from choosing keys that collide.
    explicit keyed_slots(std::string secret, std::size_t capacity = 65'536)
        : secret_(std::move(secret))
        , sets_(std::max<std::size_t>(1, capacity / ways))
    {
    }

    Value& at(std::string_view key)
    {
        if (slots_.empty()) {
            slots_.resize(sets_ * ways); // allocated when the first key is counted
        }
        const std::uint64_t hash = hash_of(key);
        slot* set = &slots_[hash % sets_ * ways];
        slot* oldest = set;
        for (slot* s = set; s != set + ways; ++s) {
            if (s->hash == hash) {
                return s->value;
            }
            if (s->value.until < oldest->value.until) {
                oldest = s;
            }
        }
        *oldest = {hash, {}};
        return oldest->value;
    }

    std::size_t capacity() const { return sets_ * ways; }

private:
    static constexpr std::size_t ways = 8;

    struct slot {
        std::uint64_t hash = 0;
        Value value{};
    };

    std::uint64_t hash_of(std::string_view key) const
    {
        const std::uint64_t h = std::hash<std::string>{}(secret_ + std::string(key));
        return h == 0 ? 1 : h; // 0: an empty slot
    }

    const std::string secret_;
    const std::size_t sets_;
    std::vector<slot> slots_;
};

} // namespace limits
