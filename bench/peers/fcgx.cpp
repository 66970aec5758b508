// bench_fcgx: libfcgi's FCGX_Accept_r in threads, the usual FastCGI program in C. Says hello; a
// POST is read and gets an answer of the size of one entry. It cannot park: each request occupies a
// thread.
#include "text/number.hpp"

#include <fcgiapp.h>

#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace {

constexpr char hello[] = "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: "
                         "no-store\r\nContent-Length: 17\r\n\r\n"
                         R"({"ack":"huzzah!"})";
constexpr char entry[] =
    R"({"walls":{"1":{"posts":[{"id":1,"post_id":1,"kind":"post","user_id":1,"user_name":"user 1","body":"#1","created_at":"2026-01-02T03:04:05.678Z"}]}}})";

void serve(int socket)
{
    FCGX_Request request;
    FCGX_InitRequest(&request, socket, 0);
    while (FCGX_Accept_r(&request) == 0) {
        if (std::strcmp(FCGX_GetParam("REQUEST_METHOD", request.envp), "GET") == 0) {
            FCGX_PutStr(hello, sizeof hello - 1, request.out);
            continue;
        }
        char body[4096];
        while (FCGX_GetStr(body, sizeof body, request.in) == sizeof body) {
        }
        FCGX_FPrintF(request.out,
                     "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: "
                     "no-store\r\nContent-Length: %d\r\n\r\n%s",
                     static_cast<int>(sizeof entry - 1), entry);
    }
}

} // namespace

int main(int count, char** words)
{
    const auto wanted = text::parse_number<int>(count == 3 ? words[2] : "", 1, 10'000);
    if (!wanted || FCGX_Init() != 0) {
        return 2;
    }
    const int socket = FCGX_OpenSocket(words[1], 65'535);
    // A kept connection occupies a thread even between requests: as many threads as nginx keeps
    // connections.
    std::vector<std::thread> threads;
    for (int i = 0; i < *wanted; ++i) {
        threads.emplace_back(serve, socket);
    }
    for (auto& t : threads) {
        t.join();
    }
}
