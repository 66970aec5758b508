#include "bench/event_stream.hpp"

#include "text/number.hpp"

namespace bench {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr long longest_retry = 24L * 3600 * 1000;

} // namespace

bool event_stream::next(std::string_view& bytes)
{
    if (complete_) {
        complete_ = false;
        name_.clear();
        data_.clear();
    }
    if (after_cr_ && !bytes.empty()) {
        after_cr_ = false;
        if (bytes.front() == '\n') {
            bytes.remove_prefix(1);
        }
    }
    while (!bytes.empty()) {
        const auto end = bytes.find_first_of("\r\n");
        line_ += bytes.substr(0, end);
        if (end == std::string_view::npos) {
            bytes = {};
            return false;
        }
        const bool cr = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        after_cr_ = cr && bytes.empty();
        if (cr && !bytes.empty() && bytes.front() == '\n') {
            bytes.remove_prefix(1);
        }
        if (end_line()) {
            return true;
        }
    }
    return false;
}

bool event_stream::end_line()
{
    std::string_view line = line_;
    if (first_line_ && line.starts_with(byte_order_mark)) {
        line.remove_prefix(byte_order_mark.size());
    }
    first_line_ = false;
    if (line.empty()) {
        line_.clear();
        id_ = id_of_this_;
        complete_ = has_data_;
        if (!has_data_) {
            name_.clear();
        }
        has_data_ = false;
        return complete_;
    }
    if (const auto colon = line.find(':'); colon != 0) { // else it is a comment
        const auto name = line.substr(0, colon);
        auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
        if (value.starts_with(' ')) {
            value.remove_prefix(1);
        }
        take_field(name, value);
    }
    line_.clear();
    return false;
}

void event_stream::take_field(std::string_view name, std::string_view value)
{
    if (name == "event") {
        name_ = value;
    } else if (name == "data") {
        if (has_data_) {
            data_ += '\n';
        }
        data_ += value;
        has_data_ = true;
    } else if (name == "id" && value.find('\0') == std::string_view::npos) {
        id_of_this_ = value;
    } else if (name == "retry") {
        if (const auto ms = text::parse_number<long>(value, 0, longest_retry)) {
            retry_ = std::chrono::milliseconds(*ms);
        }
    }
}

} // namespace bench
