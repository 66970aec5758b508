// What an operator hears of the database: keeps database_state by the start and by each
// look, tells the log when it changes, and asks again while something is wrong and nobody is
// connected whose looks would. Thread of the event loop only.
#pragma once

#include "fcgi_app/database_state.hpp"
#include "walls/hub.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>

#include <optional>

namespace pollster {

class database_watch {
public:
    // Both outlive the fiber, which ends with stop().
    database_watch(walls::hub& hub, database_state& state)
        : hub_(hub)
        , state_(state)
    {
    }

    // `error`: of db::check_schema().
    void found_at_start(const std::optional<walls::db_error>& error);
    void looked(const std::optional<walls::db_error>& error);

    void start();
    void stop(); // after the hub's, which ends its waiting for a look

private:
    void ask_while_wrong(); // body of the fiber

    walls::hub& hub_;
    database_state& state_;
    bool stopping_ = false;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable wake_up_;
    boost::fibers::fiber fiber_;
};

} // namespace pollster
