#include "bench/peers/wall_readers.hpp"

#include "text/number.hpp"

#include <algorithm>
#include <utility>

namespace peers {

namespace {

constexpr std::size_t most_walls = 1001;
constexpr std::size_t entries_kept = 256;

std::string answer(std::string_view status, std::string_view json)
{
    std::string out;
    append_out(
        out,
        "Status: " + std::string(status) +
            "\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: " +
            std::to_string(json.size()) + "\r\n\r\n" + std::string(json));
    append_end(out);
    return out;
}

std::string event(std::size_t wall, std::int64_t newest, std::string_view json)
{
    std::string out;
    append_out(out, "event: walls\ndata: " + std::string(json) + "\nid: " + std::to_string(wall) +
                        ":" + std::to_string(newest) + "\n\n");
    return out;
}

// The number behind the next `name` in `text`, which is cut off up to there; 0: none.
std::int64_t take_number(std::string_view& text, std::string_view name)
{
    const auto at = text.find(name);
    if (at == std::string_view::npos) {
        return 0;
    }
    text.remove_prefix(at + name.size());
    return text::parse_number<std::int64_t>(text::leading_digits(text), 0, INT64_MAX).value_or(0);
}

std::size_t take_wall(std::string_view& text, std::string_view name)
{
    return static_cast<std::size_t>(take_number(text, name)) % most_walls;
}

} // namespace

wall_readers::wall_readers()
    : walls_(most_walls)
{
}

std::optional<new_post> wall_readers::take(connection& from, const request& r)
{
    static const std::string huzzah = answer("200 OK", R"({"ack":"huzzah!"})");
    std::string_view path = r.path;
    if (path.ends_with("/events")) {
        stream(from, r.query);
    } else if (r.method == "GET") {
        from.send(huzzah);
    } else if (const auto number = take_wall(path, "/walls/"); number != 0) {
        const auto begin = r.body.find(R"("body":")") + 8;
        return new_post{&from, number, ++walls_[number].numbered,
                        r.body.substr(begin, r.body.find('"', begin) - begin)};
    } else {
        poll(from, r.body);
    }
    return std::nullopt;
}

void wall_readers::poll(connection& from, std::string_view body)
{
    from.wall = take_wall(body, R"(":{")");
    wall& w = walls_[from.wall];
    if (const auto cursor = take_number(body, ":"); cursor < w.newest) {
        from.send(answer("200 OK", news(from.wall, cursor)));
    } else {
        w.polls.push_back(&from);
    }
}

void wall_readers::stream(connection& from, std::string_view query)
{
    from.wall = take_wall(query, "last_post_id[");
    wall& w = walls_[from.wall];
    std::string out;
    append_out(out,
               "Status: 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
               "X-Accel-Buffering: no\r\n\r\nretry: 1000\n\n");
    if (const auto cursor = take_number(query, "]="); cursor < w.newest) {
        out += event(from.wall, w.newest, news(from.wall, cursor));
    }
    w.streams.push_back(&from);
    from.send(out);
}

void wall_readers::publish(const new_post& p)
{
    wall& w = walls_[p.wall];
    w.newest = p.number;
    const std::string id = std::to_string(p.number);
    w.entries.push_back(R"({"id":)" + id + R"(,"post_id":)" + id +
                        R"(,"kind":"post","user_id":1,"user_name":"user 1","body":")" + p.text +
                        R"(","created_at":"2026-01-02T03:04:05.678Z"})");
    if (w.entries.size() > entries_kept) {
        w.entries.pop_front();
    }
    if (p.author != nullptr) {
        p.author->send(answer("201 Created", R"({"post":)" + w.entries.back() + "}"));
    }
    const std::string json = news(p.wall, p.number - 1); // all of them had the entry before
    if (!w.polls.empty()) {
        const std::string bytes = answer("200 OK", json);
        for (connection* c : std::exchange(w.polls, {})) {
            c->send(bytes);
        }
    }
    if (!w.streams.empty()) {
        const std::string bytes = event(p.wall, p.number, json);
        for (connection* c : w.streams) {
            c->send(bytes);
        }
    }
}

void wall_readers::forget(const connection& who)
{
    std::erase(walls_[who.wall].polls, &who);
    std::erase(walls_[who.wall].streams, &who);
}

std::string wall_readers::news(std::size_t number, std::int64_t cursor) const
{
    const wall& w = walls_[number];
    std::string list;
    const auto kept = static_cast<std::int64_t>(w.entries.size());
    const auto wanted = std::min(kept, w.newest - cursor);
    for (auto i = kept - wanted; i < kept; ++i) {
        list += (list.empty() ? "" : ",") + w.entries[static_cast<std::size_t>(i)];
    }
    return R"({"walls":{")" + std::to_string(number) + R"(":{"posts":[)" + list + "]}}}";
}

} // namespace peers
