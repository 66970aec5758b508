// Token buckets, one for each key: `burst` tokens, refilled at `per_second`. A bucket is stored as
// the time at which it is full again (the generic cell rate algorithm), so it takes 16 bytes and
// needs no clock of its own. Sans-IO; one thread.
#pragma once

#include "fcgi_app/limits/keyed_slots.hpp"

#include <string>
#include <vector>

namespace limits {

struct rate {
    double per_second = 0; // 0: no limit
    double burst = 1;
};

class token_buckets {
public:
    using wait = std::chrono::milliseconds;

    token_buckets(const rate& r, std::string secret);
    // From now on. Who has waited keeps the time that he has waited: a bucket that was full by then
    // is full.
    void change(const rate& r);

    // Takes a token of `key` and returns zero. If there is none: the time until there is one;
    // nothing is taken.
    wait take(std::string_view key, time_point now);

private:
    struct bucket {
        time_point until{}; // full again
    };

    bool rate_limits_ = false;
    time_point::duration token_{}; // time in which one token is refilled
    time_point::duration whole_{}; // time in which all are
    keyed_slots<bucket> buckets_;
};

// The same for addresses: a token is taken from each network of the address, the narrowest first,
// so a client that has used up its own takes nothing from its neighbours.
class network_buckets {
public:
    network_buckets(const rate& r, const std::string& secret);
    void change(const rate& r);
    token_buckets::wait take(const std::string& address, time_point now);

private:
    std::vector<token_buckets> levels_; // as networks_of() has them
};

} // namespace limits
