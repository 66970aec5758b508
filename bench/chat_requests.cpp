#include "bench/chat_requests.hpp"

namespace bench {

namespace {

constexpr const char* host_line = " HTTP/1.1\r\nHost: chat.example\r\n";

std::string authorization(const std::string& session)
{
    return "Authorization: Bearer " + session + "\r\n";
}

std::string json_post(const std::string& path, const std::string& lines, const std::string& body)
{
    return "POST /api" + path + host_line + lines +
           "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

} // namespace

std::string poll_request(std::span<const cursor> cursors, const std::string& session)
{
    std::string body = R"({"last_post_id":{)";
    for (const auto& [wall, entry] : cursors) {
        body += '"' + std::to_string(wall) + "\":" + std::to_string(entry) + ',';
    }
    body.back() = '}';
    return json_post("/", authorization(session), body + '}');
}

std::string stream_request(std::span<const cursor> cursors, const std::string& session)
{
    std::string path = "/api/events?";
    for (const auto& [wall, entry] : cursors) {
        path += "last_post_id[" + std::to_string(wall) + "]=" + std::to_string(entry) + '&';
    }
    path.pop_back();
    return "GET " + path + host_line + authorization(session) + "Accept: text/event-stream\r\n\r\n";
}

std::string poll_request(std::size_t wall, std::int64_t entry, const std::string& session)
{
    const cursor one{wall, entry};
    return poll_request({&one, 1}, session);
}

std::string stream_request(std::size_t wall, std::int64_t entry, const std::string& session)
{
    const cursor one{wall, entry};
    return stream_request({&one, 1}, session);
}

std::string post_request(std::size_t wall, std::size_t number, const std::string& session)
{
    const std::string text = std::to_string(number);
    return json_post("/walls/" + std::to_string(wall) + "/posts", authorization(session),
                     R"({"body":"#)" + text + R"(","client_key":"post-)" + text + R"("})");
}

std::string nchan_poll_request(std::size_t wall, const std::string& etag,
                               const std::string& modified)
{
    std::string request = "GET /api/sub/" + std::to_string(wall) + host_line;
    if (!etag.empty()) {
        request += "If-None-Match: " + etag + "\r\nIf-Modified-Since: " + modified + "\r\n";
    }
    return request + "\r\n";
}

std::string nchan_stream_request(std::size_t wall, const std::string& last_id)
{
    std::string request =
        "GET /api/events/" + std::to_string(wall) + host_line + "Accept: text/event-stream\r\n";
    if (!last_id.empty()) {
        request += "Last-Event-ID: " + last_id + "\r\n";
    }
    return request + "\r\n";
}

std::string nchan_post_request(std::size_t wall, std::size_t number, std::int64_t entry)
{
    const std::string id = std::to_string(entry);
    return json_post(
        "/pub/" + std::to_string(wall), "",
        R"({"walls":{")" + std::to_string(wall) + R"(":{"posts":[{"id":)" + id + R"(,"post_id":)" +
            id + R"(,"kind":"post","user_id":1,"user_name":"user 1","body":"#)" +
            std::to_string(number) + R"(","created_at":"2026-01-02T03:04:05.678Z"}]}}})");
}

} // namespace bench
