// Connections for a test's own statements, kept between them: a new one costs a backend 40 ms of a
// processor, and tests send thousands. One that another thread uses is never waited for: there is a
// new one then. Any thread.
#pragma once

#include <libpq-fe.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>

class kept_connections {
public:
    using connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

    // One that is kept and alive, or a new one, for which PQstatus() says whether it stands.
    connection take(const std::string& conninfo);
    // After `text` succeeded on it. Closed if that may have left something behind in the session.
    void give_back(const std::string& conninfo, connection c, const std::string& text);
    // Before statements that want nobody in a database, such as a copy of it.
    void close_all();

private:
    struct kept {
        std::string conninfo;
        connection c;
    };
    std::mutex keeping_;
    std::deque<kept> kept_; // the most recent first
};
