// bench_floor: the lower bound for a FastCGI application behind nginx. It parks polls and streams
// and answers everybody on a wall with the same prebuilt bytes: no database, no sessions, no
// limits, no checks. One thread of plain epoll; what it answers is in wall_readers.hpp.
#include "bench/peers/responder.hpp"
#include "bench/peers/wall_readers.hpp"

#include <cstdio>
#include <exception>

namespace {

class in_memory final : public peers::responder::application {
public:
    void on_request(peers::connection& from, const peers::request& r) override
    {
        if (const auto p = walls_.take(from, r)) {
            walls_.publish(*p);
        }
    }
    void on_gone(peers::connection& who) override { walls_.forget(who); }

private:
    peers::wall_readers walls_;
};

} // namespace

int main(int count, char** words)
{
    if (count != 2) {
        std::fprintf(stderr, "usage: bench_floor SOCKET\n");
        return 2;
    }
    try {
        peers::responder loop(words[1]);
        in_memory app;
        loop.run(app);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench_floor: %s\n", e.what());
        return 1;
    }
}
