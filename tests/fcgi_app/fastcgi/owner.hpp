// Stands in for the server around a demux: records what is reported, and answers as told.
#pragma once

#include "fcgi_app/fastcgi/demux.hpp"
#include "fcgi_app/fastcgi/encode.hpp"
#include "tests/fcgi_app/fastcgi/conversation.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fastcgi_test {

class owner : public fastcgi::sink {
public:
    explicit owner(const fastcgi::limits& l = {})
        : allowed(l)
        , demux(allowed)
    {
    }

    void feed(std::string_view bytes) { demux.feed(bytes, *this); }
    void feed(const conversation& c) { feed(c.bytes()); }
    void feed_byte_by_byte(std::string_view bytes)
    {
        for (const char& c : bytes) {
            demux.feed({&c, 1}, *this);
        }
    }

    void on_request(fastcgi::raw_request&& r) override
    {
        events.push_back("request " + std::to_string(r.id));
        if (answers_at_once) { // from inside feed(), as a handler without waits does
            std::string out;
            fastcgi::append_answer(out, r.id, r.params + "|" + r.body);
            demux.finish(r.id);
            sent += out;
            answers[r.id].push_back(out);
        }
        requests.push_back(std::move(r));
    }
    void on_abort(fastcgi::request_id id) override
    {
        events.push_back("abort " + std::to_string(id));
    }
    void on_reply(std::string_view bytes, bool close_after) override
    {
        events.push_back(close_after ? "reply, close" : "reply");
        sent += bytes;
        std::string copy(bytes);
        for (auto& r : take_records(copy)) {
            answers[r.header.id].push_back(std::string(bytes));
            replies.push_back(std::move(r));
        }
    }
    void on_broken(std::string_view reason) override
    {
        events.push_back("broken");
        broken = reason;
    }

    const fastcgi::limits allowed;
    fastcgi::demux demux;
    bool answers_at_once = false;

    std::vector<fastcgi::raw_request> requests;
    std::vector<answer_record> replies; // of on_reply
    std::vector<std::string> events;    // in order
    std::string sent;                   // replies and answers, in order
    std::map<fastcgi::request_id, std::vector<std::string>> answers; // the same by request
    std::string broken;
};

// The protocol status of an END_REQUEST, or -1 for any other record.
inline int protocol_status(const answer_record& r)
{
    return r.header.type == FCGI_END_REQUEST && r.content.size() == 8
               ? static_cast<unsigned char>(r.content[4])
               : -1;
}

} // namespace fastcgi_test
