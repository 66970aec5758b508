// A plain epoll FastCGI responder, for floor.cpp and durable_floor.cpp: no limits, no checks,
// nothing that bench/run does not need. It relies on what nginx does: one request at a time on a
// connection, id 1, FCGI_KEEP_CONN. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace peers {

class responder;

struct request {
    std::string method, path, query, body; // path: behind the mount
};

// Something that the loop waits for.
class watched {
public:
    virtual ~watched() = default;
    virtual void on_event(std::uint32_t events) = 0;

protected:
    watched() = default;
    watched(const watched&) = delete;
    watched& operator=(const watched&) = delete;
};

// One of nginx's. Deleted when nginx has closed it.
class connection final : public watched {
public:
    connection(responder& owner, int fd)
        : owner_(owner)
        , fd_(fd)
    {
    }
    ~connection() override;

    // Answers are small and mostly the only thing in the socket, so it takes them whole. Who has
    // let so much wait that it does not is cut off.
    void send(std::string_view bytes);
    void on_event(std::uint32_t events) override;

    std::size_t wall = 0; // the one that it asked for last

private:
    void read_request();

    responder& owner_;
    int fd_;
    std::string in_; // empty while parked: swapped away
};

class responder {
public:
    class application {
    public:
        virtual ~application() = default;
        virtual void on_request(connection& from, const request& r) = 0;
        virtual void on_gone(connection& who) = 0; // it is deleted next
    };

    // Listens at the unix socket, with as many descriptors as the system gives. Throws
    // std::system_error.
    explicit responder(const char* socket);
    responder(const responder&) = delete;
    responder& operator=(const responder&) = delete;

    // Level-triggered. To be called again when other events are wanted.
    void watch(int fd, std::uint32_t events, watched& by) const;
    [[noreturn]] void run(application& app);

private:
    friend connection;
    void accept_all();

    int door_;
    int epoll_;
    application* app_ = nullptr;
};

// --- records of an answer

// Adds content to an answer: 65,535 bytes at most. Without padding: nginx holds the head of a
// stream back when its record is padded.
void append_out(std::string& records, std::string_view content);
void append_end(std::string& records);

} // namespace peers
