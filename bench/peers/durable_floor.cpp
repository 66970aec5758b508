// bench_durable_floor: the lower bound for a FastCGI application whose 201 means that a post is
// committed. As floor.cpp, but nobody, its author included, hears of a post before PostgreSQL has
// committed it: group_commit.hpp has the table and the statement. Sessions are in no database. One
// thread of plain epoll.
#include "bench/peers/group_commit.hpp"
#include "bench/peers/responder.hpp"
#include "bench/peers/wall_readers.hpp"

#include <cstdio>
#include <exception>

namespace {

class durable final : public peers::responder::application {
public:
    durable(peers::responder& loop, const char* conninfo)
        : posts_(loop, conninfo, [this](const peers::new_post& p) { walls_.publish(p); })
    {
    }
    void on_request(peers::connection& from, const peers::request& r) override
    {
        if (auto p = walls_.take(from, r)) {
            posts_.add(std::move(*p));
        }
    }
    void on_gone(peers::connection& who) override
    {
        walls_.forget(who);
        posts_.forget(who);
    }

private:
    peers::wall_readers walls_;
    peers::group_commit posts_;
};

} // namespace

int main(int count, char** words)
{
    if (count != 3) {
        std::fprintf(stderr, "usage: bench_durable_floor SOCKET CONNINFO\n");
        return 2;
    }
    try {
        peers::responder loop(words[1]);
        durable app(loop, words[2]);
        loop.run(app);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench_durable_floor: %s\n", e.what());
        return 1;
    }
}
