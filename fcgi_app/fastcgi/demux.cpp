#include "fcgi_app/fastcgi/demux.hpp"

#include "fcgi_app/fastcgi/encode.hpp"
#include "fcgi_app/fastcgi/id_states.hpp"
#include "fcgi_app/fastcgi/management.hpp"

#include <fastcgi.h>

#include <cstring>
#include <map>
#include <utility>
#include <vector>

namespace fastcgi {

namespace {

struct half_request {
    raw_request r;
    bool params_ended = false;
    bool body_ended = false;
    bool touched = true; // some of it came since the previous age()
    unsigned silent = 0; // whole intervals of age() in which none of it came, without a break
};

FCGI_BeginRequestBody begin_body(std::string_view content)
{
    FCGI_BeginRequestBody body{};
    std::memcpy(&body, content.data(), sizeof body);
    return body;
}

void take(half_request& half, std::string_view content, raw_request::excess stream,
          std::size_t limit)
{
    half.touched = true;
    auto& r = half.r;
    if (r.too_large == raw_request::excess::params || r.too_large == stream) {
        return;
    }
    auto& into = stream == raw_request::excess::params ? r.params : r.body;
    if (content.size() <= limit - into.size()) {
        into.append(content);
        return;
    }
    r.too_large = stream;
    r.body = std::string(); // not clear(), which keeps the memory
    if (stream == raw_request::excess::params) {
        r.params = std::string();
    }
}

} // namespace

struct demux::state {
    explicit state(const limits& l)
        : allowed(l)
    {
    }

    enum class content_use : std::uint8_t { skip, control, params, body };

    const limits& allowed;
    record_reader reader;
    content_use use = content_use::skip;
    bool broken = false;
    bool stopped_in_header = false; // the newest bytes since the previous age()
    std::string control; // content of the BEGIN_REQUEST or GET_VALUES record that is being read
    id_states ids;
    std::size_t active = 0;
    // A map, not a hash: it holds few requests at a time, and gives the memory back after many.
    std::map<request_id, half_request> half;

    void break_off(std::string_view reason, sink& out)
    {
        broken = true;
        active -= half.size();
        half.clear();
        control = std::string();
        out.on_broken(reason);
    }

    // Decides what becomes of the content that follows.
    void on_header(sink& out)
    {
        const auto& h = reader.header();
        use = content_use::skip;
        if (h.version != FCGI_VERSION_1) {
            break_off("record with a version other than 1", out);
        } else if (h.type == FCGI_BEGIN_REQUEST) {
            expect_begin(h, out);
        } else if (h.id == FCGI_NULL_REQUEST_ID) {
            use = h.type == FCGI_GET_VALUES ? content_use::control : content_use::skip;
        } else if (ids.of(h.id) == id_state::receiving) {
            use = stream_use(h);
        }
    }

    void expect_begin(const record_header& h, sink& out)
    {
        if (h.id == FCGI_NULL_REQUEST_ID) {
            break_off("BEGIN_REQUEST with request id 0", out);
        } else if (h.content_length != sizeof(FCGI_BeginRequestBody)) {
            break_off("BEGIN_REQUEST of a wrong length", out);
        } else if (ids.of(h.id) != id_state::free) {
            break_off("BEGIN_REQUEST for an id in use", out);
        } else {
            use = content_use::control;
        }
    }

    // Content after the end of its stream is skipped like that of a dead request: nothing that was
    // understood so far depends on it.
    content_use stream_use(const record_header& h)
    {
        auto& request = half.at(h.id);
        request.touched = true;
        if (h.type == FCGI_PARAMS && !request.params_ended) {
            return content_use::params;
        }
        if (h.type == FCGI_STDIN && !request.body_ended) {
            return content_use::body;
        }
        return content_use::skip;
    }

    void on_content()
    {
        switch (use) {
        case content_use::skip:
            break;
        case content_use::control:
            control.append(reader.content());
            break;
        case content_use::params:
            take(half.at(reader.header().id), reader.content(), raw_request::excess::params,
                 allowed.max_params_bytes);
            break;
        case content_use::body:
            take(half.at(reader.header().id), reader.content(), raw_request::excess::body,
                 allowed.max_body_bytes);
            break;
        }
    }

    void on_end(sink& out)
    {
        const auto& h = reader.header();
        if (h.id == FCGI_NULL_REQUEST_ID) {
            answer_management(h.type, out);
        } else if (h.type == FCGI_BEGIN_REQUEST) {
            begin(h.id, out);
        } else if (h.type == FCGI_ABORT_REQUEST) {
            abort(h.id, out);
        } else if (h.content_length == 0) {
            end_stream(h.id, out);
        }
        // Unknown types with a request's id: section 4.2 answers only management records.
    }

    void answer_management(unsigned char type, sink& out)
    {
        std::string reply;
        if (type == FCGI_GET_VALUES) {
            append_values(reply, control, allowed);
            control = std::string();
        } else {
            append_unknown_type(reply, type);
        }
        out.on_reply(reply, false);
    }

    void begin(request_id id, sink& out)
    {
        const auto body = begin_body(control);
        control.clear();
        const bool keep_conn = (body.flags & FCGI_KEEP_CONN) != 0;
        if ((body.roleB1 << 8 | body.roleB0) != FCGI_RESPONDER) {
            end_request(id, FCGI_UNKNOWN_ROLE, keep_conn, out);
        } else if (active >= allowed.max_requests_per_connection) {
            end_request(id, FCGI_OVERLOADED, keep_conn, out);
            out.on_overloaded();
        } else {
            auto& begun = half[id].r;
            begun.id = id;
            begun.keep_conn = keep_conn;
            ids.set(id, id_state::receiving);
            ++active;
        }
    }

    void abort(request_id id, sink& out)
    {
        switch (ids.of(id)) {
        case id_state::receiving: {
            const auto request = half.extract(id);
            ids.set(id, id_state::free);
            --active;
            end_request(id, FCGI_REQUEST_COMPLETE, request.mapped().r.keep_conn, out);
            break;
        }
        case id_state::delivered:
            ids.set(id, id_state::aborted);
            out.on_abort(id);
            break;
        case id_state::aborted:
        case id_state::free: // our END_REQUEST crossed the peer's ABORT_REQUEST
            break;
        }
    }

    void end_stream(request_id id, sink& out)
    {
        if (use == content_use::skip) {
            return;
        }
        const auto found = half.find(id);
        (use == content_use::params ? found->second.params_ended : found->second.body_ended) = true;
        if (!found->second.params_ended || !found->second.body_ended) {
            return;
        }
        auto request = std::move(found->second.r);
        half.erase(found);
        ids.set(id, id_state::delivered); // before the sink, which may finish it at once
        out.on_request(std::move(request));
    }

    void age(sink& out)
    {
        // A part of a header may be any request's progress.
        const bool any_ones = std::exchange(stopped_in_header, false);
        std::vector<raw_request> given_up;
        for (auto it = half.begin(); it != half.end();) {
            half_request& h = it->second;
            h.silent = std::exchange(h.touched, false) || any_ones ? 0 : h.silent + 1;
            if (h.silent < silent_intervals) {
                ++it;
                continue;
            }
            given_up.push_back(std::move(it->second.r));
            ids.set(it->first, id_state::delivered);
            it = half.erase(it);
        }
        for (raw_request& r : given_up) {
            if (reader.header().id == r.id) {
                use = content_use::skip; // the record that it stopped in
            }
            r.too_slow = true;
            out.on_request(std::move(r));
        }
    }

    // After every piece of bytes: where it stopped tells whose progress it was, if nothing else
    // does.
    void note_progress()
    {
        stopped_in_header = reader.in_header();
        const auto found = stopped_in_header ? half.end() : half.find(reader.header().id);
        if (found != half.end()) {
            found->second.touched = true; // of its padding, perhaps
        }
    }

    static void end_request(request_id id, unsigned char protocol_status, bool keep_conn, sink& out)
    {
        std::string reply;
        append_end_request(reply, id, protocol_status);
        out.on_reply(reply, !keep_conn);
    }
};

demux::demux(const limits& l)
    : state_(std::make_unique<state>(l))
{
}

demux::~demux() = default;

void demux::feed(std::span<const char> bytes, sink& out)
{
    std::string_view rest(bytes.data(), bytes.size());
    while (!state_->broken) {
        switch (state_->reader.next(rest)) {
        case record_reader::part::nothing:
            if (!bytes.empty()) {
                state_->note_progress();
            }
            return;
        case record_reader::part::header:
            state_->on_header(out);
            break;
        case record_reader::part::content:
            state_->on_content();
            break;
        case record_reader::part::end:
            state_->on_end(out);
            break;
        }
    }
}

void demux::age(sink& out)
{
    state_->age(out);
}

void demux::finish(request_id id)
{
    const auto is = state_->ids.of(id);
    if (is == id_state::delivered || is == id_state::aborted) {
        state_->ids.set(id, id_state::free);
        --state_->active;
    }
}

std::size_t demux::active() const
{
    return state_->active;
}

std::size_t demux::half_received() const
{
    return state_->half.size();
}

bool demux::idle() const
{
    return state_->half.empty() && state_->reader.between_records();
}

} // namespace fastcgi
