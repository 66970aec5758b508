// Posts on their way into PostgreSQL: libpq, non-blocking, in the responder's own loop, over one
// connection. While a commit is on its way, posts wait, and those that have waited share the next
// one: a statement each, in one pipeline, which is one transaction up to its sync (PostgreSQL's
// manual, "Pipeline Mode"). The plainest durable program that there is; so its table has no more
// than a post needs, and a single index:
//
//   create table public.floor_posts (
//       wall bigint, number bigint, body text not null, created_at timestamptz not null default
//       now(), primary key (wall, number))
//
//   insert into public.floor_posts (wall, number, body) values ($1, $2, $3)      -- prepared, once
//   a post
//
// One thread. Whatever PostgreSQL refuses is an exception, and the end of the program.
#pragma once

#include "bench/peers/responder.hpp"
#include "bench/peers/wall_readers.hpp"

#include <libpq-fe.h>

#include <functional>
#include <memory>
#include <vector>

namespace peers {

class group_commit final : public watched {
public:
    // Connects and makes the table. Blocks. `committed` is called for each post, in the order of
    // add().
    group_commit(responder& loop, const char* conninfo,
                 std::function<void(const new_post&)> committed);

    void add(new_post p);
    void forget(const connection& author); // its posts are committed all the same
    void on_event(std::uint32_t events) override;

private:
    using result = std::unique_ptr<PGresult, decltype(&PQclear)>;

    void require(bool holds) const; // throws what the connection says
    void commit_all_that_wait();
    void flush();

    responder& loop_;
    std::unique_ptr<PGconn, decltype(&PQfinish)> db_;
    std::function<void(const new_post&)> committed_;
    std::vector<new_post> waiting_, on_their_way_;
    bool unsent_ = false; // libpq holds bytes that the socket did not take
};

} // namespace peers
