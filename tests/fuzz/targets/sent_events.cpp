// What the driver of the benchmarks reads of a stream does not depend on where it is cut: the
// chunks, and the events in them.
#include "bench/chunked_body.hpp"
#include "bench/event_stream.hpp"
#include "tests/fuzz/targets.hpp"

#include <string>

namespace fuzz {

namespace {

struct reader {
    bench::chunked_body body;
    bench::event_stream events;
    std::string heard;

    void take(std::string_view bytes)
    {
        for (auto piece = body.next(bytes); !piece.empty(); piece = body.next(bytes)) {
            while (events.next(piece)) {
                heard += events.name() + '|' + events.data() + '|' + events.last_id() + '\n';
            }
            must(piece.empty(), "all of the body is read");
        }
        must(bytes.empty() || body.ended() || body.malformed(), "all is read up to the end");
    }
};

} // namespace

void sent_events(std::string_view input)
{
    reader whole;
    whole.take(input);
    reader cut;
    cuts where(input);
    for (auto rest = input; !rest.empty();) {
        cut.take(where.take(rest));
    }
    must(whole.heard == cut.heard, "the same events");
    must(whole.events.retry() == cut.events.retry(), "the same time to come back");
    must(whole.body.ended() == cut.body.ended(), "the same end");
}

} // namespace fuzz
