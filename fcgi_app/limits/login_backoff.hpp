// A wait that grows with each failure of the same key: five failures are free, then it is 1 s, 2 s,
// 4 s … up to a maximum. A key without attempts for 15 minutes after its wait is forgotten.
// Sans-IO; one thread.
#pragma once

#include "fcgi_app/limits/keyed_slots.hpp"

namespace limits {

class login_backoff {
public:
    using wait = std::chrono::milliseconds;
    static constexpr int free_failures = 5;
    static constexpr auto remembered = std::chrono::minutes(15);

    login_backoff(std::chrono::seconds longest, std::string secret); // 0: never any wait

    void change(std::chrono::seconds longest); // for failures from now on

    // Zero: the attempt may be made, and counts as failed until succeeded() is called, so that many
    // attempts at once do not evade the limit. Otherwise the time to wait first; such a call does
    // not count.
    wait attempt(std::string_view key, time_point now);
    void succeeded(std::string_view key);

private:
    struct record {
        time_point until{}; // forgotten
        time_point next{};  // attempt that is allowed
        int failures = 0;
    };

    std::chrono::seconds longest_;
    keyed_slots<record> records_;
};

} // namespace limits
