// Reads for clients, from the replica or the primary. Internal to db/. Any fiber or thread.
#pragma once

#include "db/look.hpp"
#include "db/pools.hpp"
#include "db/queries.hpp"

#include <optional>
#include <type_traits>
#include <utility>

namespace db {

class reads {
public:
    reads(pools& over, const look& seen)
        : pools_(over)
        , look_(seen)
    {
    }

    // question(connection&) runs on a worker thread, twice if the first connection broke under it
    // or the replica's answer does not count.
    //
    // The replica answers if it has everything that the last look saw on the primary, so that what
    // is known to be there is there. In any doubt, and after any error, the primary answers. A
    // replica that has a post has the revocations that were committed before it; a session or
    // membership that it does not know may only be newer than what it has.
    template <class Question>
    auto ask(call what, fibers::asker from, Question question)
    {
        using value = std::invoke_result_t<Question&, connection&>;
        if (pools_.replica && look_.seen_upto() != 0) {
            auto answered = pools_.replica->read(what, from, [&](connection& conn) {
                std::optional<value> said;
                if (has_replayed(conn, look_.seen_upto(), look_.history())) {
                    said.emplace(question(conn));
                }
                return said;
            });
            if (answered && *answered && !is_denied(**answered)) {
                return job_outcome<value>(std::move(**answered));
            }
        }
        return pools_.reads.read(what, from, std::move(question));
    }

private:
    template <class Value>
    static bool is_denied(const Value&)
    {
        return false;
    }
    template <class T>
    static bool is_denied(const answer<T>& a)
    {
        return a.has_error() && a.error().no.has_value();
    }

    pools& pools_;
    const look& look_;
};

} // namespace db
