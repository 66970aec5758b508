// A FastCGI application: one thread, a fiber for each request. A request for /wait is answered
// in two parts, the second when somebody asks for anything else. Usage: waiting_example SOCKET
#include "fcgi_app/fastcgi/listening_socket.hpp"
#include "fcgi_app/fastcgi/server.hpp"
#include "fibers/scheduler.hpp"
#include "fibers/sleeper.hpp"

#include <set>

int main(int, char** arguments)
{
    fibers::reactor loop;
    fibers::scheduler::install(loop);
    fibers::stack_pool stacks(std::size_t{128} * 1024);
    std::set<fibers::sleeper*> waiting;
    const auto answer = [&](fastcgi::request&& asked, std::unique_ptr<fastcgi::exchange> peer) {
        peer->begin("Content-Type: text/plain\r\n\r\n");
        if (asked.param("PATH_INFO") == "/wait") {
            peer->write("You wait.\n"); // leaves now
            fibers::sleeper place;
            const fastcgi::disconnect_callback left(*peer, [&place] { place.wake(); });
            waiting.insert(&place);
            place.sleep(); // the others run meanwhile, also those of the same connection
            waiting.erase(&place);
            peer->write("Somebody came.\n"); // into nothing, if the peer is gone
        } else {
            peer->write(std::to_string(waiting.size()) + " waited.\n");
            for (fibers::sleeper* place : waiting) {
                place->wake();
            }
        }
        peer->end();
    };
    fastcgi::observer silent;
    fastcgi::server server(loop, stacks, {}, answer, silent);
    const fastcgi::unix_address where{arguments[1], 0660, {}, {}};
    const auto socket = fastcgi::open_listening_socket(where).value();
    return server.listen(socket.fd()) ? (server.run_timers(), 0) : 1; // until server.stop()
}
