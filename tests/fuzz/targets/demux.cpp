// Whole conversations: what must hold whatever a peer sends, and that cuts change nothing.
#include "fcgi_app/fastcgi/demux.hpp"
#include "tests/fcgi_app/fastcgi/conversation.hpp"
#include "tests/fuzz/targets.hpp"

#include <map>

namespace fuzz {

namespace {

// Small, so that the limits are reached by small inputs.
constexpr fastcgi::limits small{.max_params_bytes = 1024,
                                .max_body_bytes = 600,
                                .max_requests_per_connection = 5,
                                .max_connections = 7};

// An owner that follows the rules, and checks that the demux does. What it does with a request
// depends on the id only, so that two of them decide alike: a third of the requests is answered at
// once, a third when aborted, a third never.
class owner : public fastcgi::sink {
public:
    explicit owner(fastcgi::demux& d)
        : demux_(d)
    {
    }

    void on_request(fastcgi::raw_request&& r) override
    {
        must(!broken_, "nothing after on_broken");
        must(r.id != 0, "no request has id 0");
        must(r.params.size() <= small.max_params_bytes && r.body.size() <= small.max_body_bytes,
             "limits");
        must(r.too_large != fastcgi::raw_request::excess::params ||
                 (r.params.empty() && r.body.empty()),
             "params too large: nothing is kept");
        must(r.too_large != fastcgi::raw_request::excess::body || r.body.empty(),
             "body is dropped");
        must(delivered_.emplace(r.id, false).second, "no request is delivered twice");
        must(delivered_.size() <= small.max_requests_per_connection,
             "no more requests than allowed");
        log += "request " + std::to_string(r.id) + (r.keep_conn ? " keep " : " close ") +
               std::to_string(static_cast<int>(r.too_large)) + r.params + "|" + r.body + "\n";
        if (r.id % 3 == 0) {
            finish(r.id);
        }
    }

    void on_abort(fastcgi::request_id id) override
    {
        must(!broken_, "nothing after on_broken");
        const auto found = delivered_.find(id);
        must(found != delivered_.end() && !found->second, "only a delivered one, and only once");
        found->second = true;
        log += "abort " + std::to_string(id) + "\n";
        if (id % 3 == 1) {
            finish(id);
        }
    }

    void on_reply(std::string_view bytes, bool close_after) override
    {
        must(!broken_, "nothing after on_broken");
        std::string rest(bytes);
        const auto records = fastcgi_test::take_records(rest);
        must(records.size() == 1 && rest.empty(), "a reply is one whole record");
        const auto& h = records.front().header;
        must(h.version == FCGI_VERSION_1, "version 1");
        must((h.type == FCGI_END_REQUEST && h.id != 0) ||
                 ((h.type == FCGI_GET_VALUES_RESULT || h.type == FCGI_UNKNOWN_TYPE) && h.id == 0),
             "a reply that the specification knows");
        log += "reply " + std::to_string(h.id) + (close_after ? " close " : " ");
        log += std::string(bytes) + "\n";
    }

    void on_broken(std::string_view reason) override
    {
        must(!broken_, "broken once");
        broken_ = true;
        log += "broken ";
        log += std::string(reason) + "\n";
    }

    void check() const
    {
        must(demux_.active() == demux_.half_received() + delivered_.size(), "active adds up");
        must(demux_.active() <= small.max_requests_per_connection, "no more requests than allowed");
        must(!demux_.idle() || demux_.half_received() == 0, "idle means nothing half-received");
    }

    bool broken() const { return broken_; }

    std::string log;

private:
    void finish(fastcgi::request_id id)
    {
        const auto before = demux_.active();
        demux_.finish(id);
        demux_.finish(id); // the second must not count
        must(demux_.active() == before - 1, "finish counts once");
        delivered_.erase(id);
    }

    fastcgi::demux& demux_;
    std::map<fastcgi::request_id, bool> delivered_; // true: aborted
    bool broken_ = false;
};

} // namespace

void demux(std::string_view input)
{
    fastcgi::demux whole(small);
    owner whole_owner(whole);
    whole.feed(input, whole_owner);
    whole_owner.check();

    fastcgi::demux pieces(small);
    owner pieces_owner(pieces);
    cuts cut(input);
    for (auto rest = input; !rest.empty();) {
        pieces.feed(cut.take(rest), pieces_owner);
        pieces_owner.check();
    }
    must(whole_owner.log == pieces_owner.log, "cuts change nothing");
    must(whole.active() == pieces.active() && whole.idle() == pieces.idle(), "the same state");

    // Whatever has not arrived is given up after so many calls, and the same input again finds a
    // demux in order.
    if (!whole_owner.broken()) {
        for (unsigned i = 0; i < fastcgi::demux::silent_intervals + 2; ++i) {
            whole.age(whole_owner);
        }
        must(whole.half_received() == 0, "nothing is waited for");
        whole_owner.check();
        whole.feed(input, whole_owner);
        whole_owner.check();
    }
}

} // namespace fuzz
