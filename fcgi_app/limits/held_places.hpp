// How many places the clients of each network hold now: a bound on what lasts, where token buckets
// bound what comes. It knows the networks that hold one, and no others. Sans-IO; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>

namespace limits {

class held_places {
    struct network {
        held_places* table = nullptr;
        network* wider = nullptr;
        const std::string* key = nullptr;
        std::size_t held = 0;
    };

public:
    // Given back when it goes, which is before the table does.
    class place {
    public:
        place() = default; // none
        place(place&& from) noexcept
            : of_(std::exchange(from.of_, nullptr))
        {
        }
        place& operator=(place&& from) noexcept
        {
            std::swap(of_, from.of_);
            return *this;
        }
        ~place()
        {
            if (of_ != nullptr) {
                give_back(of_);
            }
        }
        explicit operator bool() const { return of_ != nullptr; }

    private:
        friend class held_places;
        explicit place(network* of)
            : of_(of)
        {
        }
        network* of_ = nullptr; // the narrowest
    };

    held_places() = default;
    held_places(const held_places&) = delete;
    held_places& operator=(const held_places&) = delete;

    // None: `most` are held there; of the wider networks of an IPv6 address their share of it
    // (networks_of()).
    place take(const std::string& address, std::size_t most);

    std::size_t networks() const { return networks_.size(); }

private:
    static void give_back(network* n);

    std::unordered_map<std::string, network> networks_; // whose elements stay where they are
};

} // namespace limits
