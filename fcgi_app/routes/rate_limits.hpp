// How much one user, and one address, may ask for; beyond it 429 with Retry-After. The address is
// REMOTE_ADDR, as nginx gives it: behind another proxy nginx must be told whom to believe (docs/
// SECURITY.md). Fibers of the event loop only; only hold_back() waits.
#pragma once

#include "fcgi_app/http/refusal.hpp"
#include "fcgi_app/http/request.hpp"
#include "fcgi_app/limits/held_places.hpp"
#include "fcgi_app/limits/login_backoff.hpp"
#include "fcgi_app/limits/token_bucket.hpp"
#include "fcgi_app/routes/metrics.hpp"
#include "fcgi_app/routes/settings.hpp"
#include "walls/ids.hpp"

#include <optional>
#include <random>
#include <string>

namespace routes {

class rate_limits {
public:
    using refusal = std::optional<http::refusal>; // none: go on

    rate_limits(const rate_settings& s, metrics& m);

    void change(const rate_settings& s); // from now on

    refusal poll_from(const http::request& r);
    refusal poll_by(walls::user_id user);
    // What is only read: asked before the session is looked up, and after.
    refusal read_from(const http::request& r);
    refusal read_by(walls::user_id user);
    // For a poll or stream of this user while it waits. Guests at one address may hold so many
    // together; of users the hub sees to it. Does not outlive this.
    class waiting_place {
    public:
        waiting_place() = default; // that nobody counts
        bool take();               // false: no; true also if it has it

    private:
        friend class rate_limits;
        rate_limits* limits_ = nullptr;
        std::string address_;
        limits::held_places::place held_;
    };
    waiting_place place_for(const http::request& r, walls::user_id user);
    // Posts, changes of posts, read marks, and searches.
    refusal post(const http::request& r, walls::user_id user);
    // The attempt counts as a failure until signed_in() says otherwise.
    refusal sign_in(const http::request& r, const std::string& name);
    void signed_in(const http::request& r, const std::string& name);
    // Before a request is refused (4xx). A client that is refused too often waits half a second
    // here, or a client that asks again at once would have all the processor time that refusals
    // cost: 8,000 a second of one address, and deliveries to others over 100 ms late
    // (bench/floods).
    void hold_back(const http::request& r);
    // Whose work is taken in turn with that of others, before it is known who it is: the widest
    // network of the address.
    static std::string origin_of(const http::request& r);

private:
    // `Tokens`: token_buckets or network_buckets.
    template <class Tokens>
    class bucket {
    public:
        bucket(metrics& m, const char* option, const limits::rate& r);
        void change(const limits::rate& r) { tokens_.change(r); }
        refusal take(const std::string& key, std::string_view sentence);

    private:
        Tokens tokens_;
        prometheus::Counter& refused_;
    };
    using of_users = bucket<limits::token_buckets>;
    using of_addresses = bucket<limits::network_buckets>;

    of_users user_polls_;
    of_addresses address_polls_;
    of_users user_posts_;
    of_addresses address_posts_;
    of_users user_reads_;
    of_addresses address_reads_;
    of_addresses address_sign_ins_;
    limits::held_places guests_;
    std::size_t guests_an_address_;
    prometheus::Counter& guests_refused_;
    limits::network_buckets address_refusals_;
    prometheus::Counter& held_back_;
    std::size_t held_ = 0; // now
    limits::login_backoff sign_in_delay_;
    prometheus::Counter& delayed_;
};

} // namespace routes
