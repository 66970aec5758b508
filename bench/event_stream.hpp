// text/event-stream as a client reads it (HTML Standard, "Interpreting an event stream"), as it
// arrives, cut anywhere. Pure; one thread at a time.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace bench {

class event_stream {
public:
    // Takes bytes off the front, up to the end of an event. False: all are used up, and no event is
    // complete. After true, name() and data() are that event's until the next call.
    bool next(std::string_view& bytes);

    const std::string& name() const { return name_; } // empty: "message"
    const std::string& data() const { return data_; } // its lines, with '\n' between them
    const std::string& last_id() const { return id_; }
    std::chrono::milliseconds retry() const { return retry_; } // as the server said it, once it has

private:
    bool end_line(); // true: an event is complete
    void take_field(std::string_view name, std::string_view value);

    std::string line_, name_, data_, id_, id_of_this_;
    std::chrono::milliseconds retry_{3000}; // a client's own choice
    bool complete_ = false;                 // name_ and data_ have been given out
    bool has_data_ = false;
    bool after_cr_ = false; // a '\n' now belongs to the line before
    bool first_line_ = true;
};

} // namespace bench
