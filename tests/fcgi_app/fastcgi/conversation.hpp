// Builders for what a web server sends, good and bad, and the reading of what it gets back.
#pragma once

#include "fcgi_app/fastcgi/demux.hpp"
#include "fcgi_app/fastcgi/params.hpp"
#include "fcgi_app/fastcgi/record.hpp"

#include <fastcgi.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastcgi_test {

using pairs = std::vector<std::pair<std::string, std::string>>;

inline std::string encoded(const pairs& values)
{
    std::string out;
    for (const auto& [name, value] : values) {
        fastcgi::append_param(out, name, value);
    }
    return out;
}

// Records in the order of the calls. Every record is one string of records(), so that tests can
// shuffle and interleave them.
class conversation {
public:
    conversation& record(unsigned char type, fastcgi::request_id id, std::string_view content = {},
                         std::uint8_t padding = 0)
    {
        std::string r;
        fastcgi::append_header(r, type, id, static_cast<std::uint16_t>(content.size()), padding);
        r.append(content).append(padding, 'p');
        records_.push_back(std::move(r));
        return *this;
    }

    conversation& begin(fastcgi::request_id id, bool keep_conn = true, int role = FCGI_RESPONDER)
    {
        const char body[8] = {static_cast<char>(role >> 8), static_cast<char>(role),
                              static_cast<char>(keep_conn ? FCGI_KEEP_CONN : 0)};
        return record(FCGI_BEGIN_REQUEST, id, {body, sizeof body});
    }

    conversation& params(fastcgi::request_id id, std::string_view content)
    {
        return record(FCGI_PARAMS, id, content);
    }
    conversation& params(fastcgi::request_id id, const pairs& values)
    {
        return params(id, std::string_view(encoded(values)));
    }
    conversation& end_params(fastcgi::request_id id) { return record(FCGI_PARAMS, id); }

    conversation& body(fastcgi::request_id id, std::string_view content)
    {
        return record(FCGI_STDIN, id, content);
    }
    conversation& end_body(fastcgi::request_id id) { return record(FCGI_STDIN, id); }

    conversation& abort(fastcgi::request_id id) { return record(FCGI_ABORT_REQUEST, id); }

    conversation& get_values(const std::vector<std::string>& names)
    {
        std::string content;
        for (const auto& name : names) {
            fastcgi::append_param(content, name, "");
        }
        return record(FCGI_GET_VALUES, 0, content);
    }

    // A request as nginx sends it: BEGIN, one record of PARAMS and its end, STDIN and its end.
    conversation& request(fastcgi::request_id id, const pairs& values,
                          std::string_view content = {}, bool keep_conn = true)
    {
        begin(id, keep_conn).params(id, values).end_params(id);
        if (!content.empty()) {
            body(id, content);
        }
        return end_body(id);
    }

    conversation& raw(std::string bytes)
    {
        records_.push_back(std::move(bytes));
        return *this;
    }

    const std::vector<std::string>& records() const { return records_; }

    std::string bytes() const
    {
        std::string out;
        for (const auto& r : records_) {
            out += r;
        }
        return out;
    }

private:
    std::vector<std::string> records_;
};

struct answer_record {
    fastcgi::record_header header;
    std::string content;
    bool operator==(const answer_record& other) const
    {
        return header.type == other.header.type && header.id == other.header.id &&
               content == other.content;
    }
};

// The complete records at the front of `bytes`; the rest stays there.
inline std::vector<answer_record> take_records(std::string& bytes)
{
    std::vector<answer_record> out;
    while (bytes.size() >= FCGI_HEADER_LEN) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
        answer_record r;
        r.header.version = byte(0);
        r.header.type = byte(1);
        r.header.id = static_cast<fastcgi::request_id>(byte(2) << 8 | byte(3));
        r.header.content_length = static_cast<std::uint16_t>(byte(4) << 8 | byte(5));
        r.header.padding_length = byte(6);
        const std::size_t size =
            FCGI_HEADER_LEN + r.header.content_length + r.header.padding_length;
        if (bytes.size() < size) {
            break;
        }
        r.content = bytes.substr(FCGI_HEADER_LEN, r.header.content_length);
        bytes.erase(0, size);
        out.push_back(std::move(r));
    }
    return out;
}

} // namespace fastcgi_test
