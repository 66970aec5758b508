#include "tests/db/kept_connections.hpp"

#include <poll.h>

#include <regex>

namespace {

// Each is a backend of a cluster that has room for few.
constexpr std::size_t most = 2;

bool leaves_something_behind(const std::string& text)
{
    static const std::regex does(
        R"((^|;)\s*(set|begin|start|listen|load|prepare|declare)\b|set_config|advisory|\btemp\b)",
        std::regex::icase);
    return std::regex_search(text, does);
}

// Reads all that arrived meanwhile: the server may have said goodbye, and then hung up.
bool stands(PGconn* c)
{
    pollfd p{PQsocket(c), POLLIN, 0};
    while (::poll(&p, 1, 0) == 1) {
        if (PQconsumeInput(c) == 0) {
            return false;
        }
    }
    return PQstatus(c) == CONNECTION_OK;
}

} // namespace

kept_connections::connection kept_connections::take(const std::string& conninfo)
{
    {
        const std::lock_guard lock(keeping_);
        for (auto k = kept_.begin(); k != kept_.end(); ++k) {
            if (k->conninfo == conninfo) {
                connection c = std::move(k->c);
                kept_.erase(k);
                if (stands(c.get())) {
                    return c;
                }
                break;
            }
        }
    }
    return {PQconnectdb(conninfo.c_str()), &PQfinish};
}

void kept_connections::give_back(const std::string& conninfo, connection c, const std::string& text)
{
    if (leaves_something_behind(text)) {
        return;
    }
    const std::lock_guard lock(keeping_);
    kept_.push_front({conninfo, std::move(c)});
    if (kept_.size() > most) {
        kept_.pop_back();
    }
}

void kept_connections::close_all()
{
    const std::lock_guard lock(keeping_);
    kept_.clear();
}
