// One poll from the moment that it is known who asks until it is answered. Fibers of the event loop
// only.
//
//   request fiber   register as a client; catch up with the database if the hash is not fresh
//                   compare local and global hash: news -> answer
//   parked fiber    a stack of which one page is touched: sleep
//                   woken, and the new entries are at hand -> answer
//   request fiber   anything else: from the first step again; what is large, or has to be read,
//                   waits for room first (walls::answer_room)
#pragma once

#include "fcgi_app/fastcgi/exchange.hpp"
#include "fcgi_app/http/response.hpp"
#include "fcgi_app/routes/large_news.hpp"
#include "fcgi_app/routes/services.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace routes {

// Movable: it travels from the fiber of the request to the parked one and back.
class poll_in_progress {
public:
    // `local`: the client's cursors, of walls that `who` may see. `cors_lines` live as long as
    // the server.
    poll_in_progress(services& s, std::unique_ptr<fastcgi::exchange> peer,
                     std::string_view cors_lines, walls::identity_ptr caller,
                     std::vector<walls::cursor> local, fibers::steady_time deadline)
        : services_(s)
        , client_(s.presence)
        , peer_(std::move(peer))
        , cors_lines_(cors_lines)
        , identity_(std::move(caller))
        , local_(std::move(local))
        , deadline_(deadline)
    {
    }

    // In a request fiber: answers, or hands over to a parked fiber.
    static void go_on(poll_in_progress self);
    // The job of a parked fiber: sleeps, then answers or goes on in a request fiber. Nothing in it
    // may go deep: each page of stack that is touched costs 4 KiB for each of a million.
    static void park(poll_in_progress self);

private:
    class news;
    enum class next { answered, park };

    next compare();
    // What is new, as far as it is in memory and one send holds it; the other walls go to `older`.
    // The local hash gets the epochs that it was compared with.
    news look(std::vector<walls::cursor>& older);
    bool session_over() const { return identity_->ends <= std::chrono::steady_clock::now(); }
    bool still_the_same_user() const
    {
        return !session_over() && services_.access.holds(identity_->token, identity_);
    }
    std::vector<walls::cursor> behind() const;
    // `missing`: walls of which the database does not have what the hash says, which has to look
    // again; a second time they begin anew.
    walls::result<large_news> read_large(bool looked_again, std::vector<walls::cursor>& missing);
    walls::result<void> look_again(const std::vector<walls::cursor>& missing, int times);

    static void start_again(poll_in_progress self);

    void answer(std::string_view body);
    void answer(const large_news& n, walls::answer_room::share room);
    void refuse(const http::response& r);

    services& services_;
    walls::presence::client client_;
    std::unique_ptr<fastcgi::exchange> peer_;
    std::string_view cors_lines_;
    walls::identity_ptr identity_;
    std::vector<walls::cursor> local_;
    fibers::steady_time deadline_;
};

} // namespace routes
