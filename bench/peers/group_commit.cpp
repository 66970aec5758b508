#include "bench/peers/group_commit.hpp"

#include <sys/epoll.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace peers {

namespace {

constexpr const char* table = "create table public.floor_posts ("
                              "wall bigint, number bigint, body text not null, created_at "
                              "timestamptz not null default now(), "
                              "primary key (wall, number))";
constexpr const char* insert =
    "insert into public.floor_posts (wall, number, body) values ($1, $2, $3)";
constexpr const char* insert_name = "post";

} // namespace

group_commit::group_commit(responder& loop, const char* conninfo,
                           std::function<void(const new_post&)> committed)
    : loop_(loop)
    , db_(PQconnectdb(conninfo), &PQfinish)
    , committed_(std::move(committed))
{
    require(PQstatus(db_.get()) == CONNECTION_OK);
    const result made(PQexec(db_.get(), table), &PQclear);
    require(PQresultStatus(made.get()) == PGRES_COMMAND_OK);
    const result prepared(PQprepare(db_.get(), insert_name, insert, 3, nullptr), &PQclear);
    require(PQresultStatus(prepared.get()) == PGRES_COMMAND_OK);
    require(PQsetnonblocking(db_.get(), 1) == 0 && PQenterPipelineMode(db_.get()) == 1);
    loop_.watch(PQsocket(db_.get()), EPOLLIN, *this);
}

void group_commit::add(new_post p)
{
    waiting_.push_back(std::move(p));
    if (on_their_way_.empty()) {
        commit_all_that_wait();
    }
}

void group_commit::forget(const connection& author)
{
    for (auto* posts : {&waiting_, &on_their_way_}) {
        for (new_post& p : *posts) {
            if (p.author == &author) {
                p.author = nullptr;
            }
        }
    }
}

void group_commit::commit_all_that_wait()
{
    std::swap(on_their_way_, waiting_);
    for (const new_post& p : on_their_way_) {
        const std::string wall = std::to_string(p.wall);
        const std::string number = std::to_string(p.number);
        const char* const values[] = {wall.c_str(), number.c_str(), p.text.c_str()};
        require(PQsendQueryPrepared(db_.get(), insert_name, 3, values, nullptr, nullptr, 0) == 1);
    }
    require(PQpipelineSync(db_.get()) == 1);
    flush();
}

void group_commit::flush()
{
    const int left = PQflush(db_.get());
    require(left >= 0);
    if (unsent_ != (left > 0)) {
        unsent_ = left > 0;
        loop_.watch(PQsocket(db_.get()), unsent_ ? EPOLLIN | EPOLLOUT : EPOLLIN, *this);
    }
}

void group_commit::on_event(std::uint32_t /*events*/)
{
    if (unsent_) {
        flush();
    }
    require(PQconsumeInput(db_.get()) == 1);
    while (!on_their_way_.empty() && PQisBusy(db_.get()) == 0) {
        const result r(PQgetResult(db_.get()), &PQclear);
        if (r == nullptr) { // between two statements
            continue;
        }
        if (PQresultStatus(r.get()) == PGRES_PIPELINE_SYNC) {
            // Committed: only now may anybody hear of it.
            for (const new_post& p : std::exchange(on_their_way_, {})) {
                committed_(p);
            }
        } else {
            require(PQresultStatus(r.get()) == PGRES_COMMAND_OK);
        }
    }
    if (on_their_way_.empty() && !waiting_.empty()) {
        commit_all_that_wait();
    }
}

void group_commit::require(bool holds) const
{
    if (!holds) {
        throw std::runtime_error(PQerrorMessage(db_.get()));
    }
}

} // namespace peers
