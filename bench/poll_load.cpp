#include "bench/poll_load.hpp"

#include <algorithm>
#include <stdexcept>

namespace bench {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t control_tag = ~std::uint64_t{0};
constexpr auto patience = 120s; // for anything the server is asked to do

// Enough to keep the server busy, little enough that the socket buffers are the only queue.
constexpr std::size_t most_unsent = 512 * 1024;

} // namespace

bool shape::reads_thousand(std::size_t poll) const
{
    const auto every = std::max<std::size_t>(of_all / 1000, 1);
    return poll % every == 7 % every;
}

bool shape::reads_hundred_thousand(std::size_t poll) const
{
    return poll % 10 == 3;
}

poll_load::poll_load(const std::string& unix_socket, std::size_t connections, shape s)
    : shape_(std::move(s))
    , client_([this](const answer& a) { on_answer(a); })
    , connections_(connections)
{
    for (std::size_t i = 0; i < connections; ++i) {
        client_.connect(unix_socket);
    }
    control_ = client_.connect(unix_socket);
}

std::string poll_load::body_of(std::size_t poll) const
{
    // Scattered, so that neighbours on a connection are different users; each has as many polls.
    const std::size_t users = shape_.sessions.size();
    const std::size_t user = (poll + poll / users * 7) % users;
    std::vector<std::size_t> walls;
    for (std::size_t i = 0; i <= poll % 3; ++i) {
        walls.push_back((user + i) % shape_.rooms + 1);
    }
    if (shape_.reads_thousand(poll)) {
        walls.back() = shape_.thousand();
    }
    if (shape_.reads_hundred_thousand(poll)) {
        walls.front() = shape_.hundred_thousand();
    }
    std::string body = R"({"session_id":")" + shape_.sessions[user] + R"(","last_post_id":{)";
    for (std::size_t i = 0; i < walls.size(); ++i) {
        body += (i == 0 ? "\"" : ",\"") + std::to_string(walls[i]) + "\":0";
    }
    return body + "}}";
}

ms poll_load::park(std::size_t many)
{
    const auto start = steady_clock::now();
    while (begun_ < many || client_.unsent_bytes() > 0) {
        while (begun_ < many && client_.unsent_bytes() < most_unsent) {
            const auto body = body_of(begun_);
            client_.begin(begun_ % connections_, encode_request("POST", "/", body.size()), body,
                          begun_);
            ++begun_;
        }
        client_.run(100ms);
    }
    while (parked() < many) {
        if (unexpected_ > 0 || steady_clock::now() - start > 10 * patience) {
            throw std::runtime_error("not all polls were parked; " + std::to_string(unexpected_) +
                                     " were answered, the first: " + first_unexpected_);
        }
        rest(20ms);
    }
    return steady_clock::now() - start;
}

void poll_load::rest(std::chrono::milliseconds time)
{
    const auto until = steady_clock::now() + time;
    for (auto now = steady_clock::now(); now < until; now = steady_clock::now()) {
        client_.run(std::chrono::ceil<std::chrono::milliseconds>(until - now));
    }
}

std::vector<double> poll_load::ping(std::chrono::milliseconds interval,
                                    std::chrono::milliseconds time)
{
    std::vector<double> times;
    const auto start = steady_clock::now();
    for (int i = 1; steady_clock::now() < start + time; ++i) {
        const auto before = steady_clock::now();
        ask("GET", "/", "", 200);
        times.push_back(ms(steady_clock::now() - before).count());
        const auto left = start + i * interval - steady_clock::now();
        rest(std::max(std::chrono::floor<std::chrono::milliseconds>(left), 0ms));
    }
    return times;
}

std::size_t poll_load::parked()
{
    const std::string text = ask("GET", "/metrics", "", 200);
    const std::string name = "\npollster_parked_polls ";
    const auto at = text.find(name);
    if (at == std::string::npos) {
        throw std::runtime_error("the server's metrics have no pollster_parked_polls");
    }
    return static_cast<std::size_t>(std::stod(text.substr(at + name.size())));
}

delivery poll_load::post(std::size_t wall, std::size_t expected)
{
    delivering_wall_ = wall;
    delivered_ = {};
    delivered_.expected = expected;
    arrivals_.clear();
    sent_ = steady_clock::now();
    ask("POST", "/walls/" + std::to_string(wall) + "/posts", R"({"body":"news for everybody"})",
        201);
    delivered_.committed_ms = ms(steady_clock::now() - sent_).count();
    while (delivered_.right < expected && steady_clock::now() - sent_ < patience) {
        client_.run(100ms);
    }
    rest(2s);
    delivering_wall_ = 0;
    delivered_.latency = percentiles_of(arrivals_);
    return delivered_;
}

ms poll_load::abort_all()
{
    aborting_ = true;
    const auto start = steady_clock::now();
    for (std::size_t c = 0; c < connections_; ++c) {
        for (const auto id : client_.ids_in_flight(c)) {
            client_.abort(c, id);
        }
    }
    while (client_.in_flight() > 0) {
        if (steady_clock::now() - start > patience) {
            throw std::runtime_error(std::to_string(client_.in_flight()) +
                                     " aborted polls have not ended");
        }
        client_.run(100ms);
    }
    return steady_clock::now() - start;
}

std::string poll_load::ask(const std::string& method, const std::string& path,
                           const std::string& body, int expected_status)
{
    control_done_ = false;
    client_.begin(control_,
                  encode_request(method, path, body.size(),
                                 {{"HTTP_AUTHORIZATION", "Bearer " + shape_.sessions.front()}}),
                  body, control_tag);
    const auto start = steady_clock::now();
    while (!control_done_) {
        if (steady_clock::now() - start > patience) {
            throw std::runtime_error(method + " " + path + " is not answered");
        }
        client_.run(100ms);
    }
    if (control_status_ != expected_status) {
        throw std::runtime_error(method + " " + path + " is answered " +
                                 std::to_string(control_status_) + " " + control_body_);
    }
    return control_body_;
}

void poll_load::on_answer(const answer& a)
{
    if (a.tag == control_tag) {
        control_done_ = true;
        control_status_ = a.status();
        control_body_ = a.body();
    } else if (delivering_wall_ != 0) {
        const bool reader = delivering_wall_ == shape_.thousand()
                                ? shape_.reads_thousand(a.tag)
                                : shape_.reads_hundred_thousand(a.tag);
        const std::string entry =
            R"({"walls":{")" + std::to_string(delivering_wall_) + R"(":{"posts":[{"id":1,)";
        const bool right = reader && a.status() == 200 && a.body().starts_with(entry);
        ++(right ? delivered_.right : delivered_.wrong);
        arrivals_.push_back(ms(steady_clock::now() - sent_).count());
    } else if (!aborting_) {
        if (unexpected_++ == 0) {
            first_unexpected_ = std::string(a.out);
        }
    }
}

} // namespace bench
