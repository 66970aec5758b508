// pollster canary: posts on a wall as a client does, through the web server and all, and measures
// how long it takes until a poll brings the post.
#include "fcgi_app/cli/canary_textfile.hpp"
#include "fcgi_app/cli/command.hpp"
#include "fcgi_app/cli/password.hpp"
#include "fcgi_app/cli/web.hpp"
#include "text/number.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <ostream>
#include <thread>

namespace pollster::cli {

namespace {

namespace json = boost::json;
using std::chrono::steady_clock;
using elapsed = std::chrono::duration<double>;

constexpr std::chrono::seconds longest_step{30};

// A poll whose answer is awaited beside what else is done, so that the moment in which it comes is
// known. It is given up at the end of this object.
class awaited_poll {
public:
    explicit awaited_poll(web_place::asked asked)
        : asked_(std::move(asked))
        , thread_([this] {
            answer_.emplace(asked_.answer());
            came_ = steady_clock::now();
        })
    {
    }
    ~awaited_poll()
    {
        asked_.hang_up();
        join();
    }
    awaited_poll(const awaited_poll&) = delete;
    awaited_poll& operator=(const awaited_poll&) = delete;

    const db::outcome<web_answer>& answer()
    {
        join();
        return *answer_;
    }
    steady_clock::time_point came() const { return came_; } // after answer()

private:
    void join()
    {
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    web_place::asked asked_;
    std::optional<db::outcome<web_answer>> answer_; // of the thread, until it has ended
    steady_clock::time_point came_{};
    std::thread thread_; // last: it uses everything above
};

// The client. What goes wrong is thrown as a db::refusal, and reported once.
class canary {
public:
    canary(web_place place, std::string user, std::string password, std::string wall)
        : place_(std::move(place))
        , user_(std::move(user))
        , password_(std::move(password))
        , wall_(std::move(wall))
    {
    }

    canary_round go()
    {
        if (session_.empty()) {
            const json::value who{{"name", user_}, {"password", password_}};
            const auto in = ask("POST", "/session", json::serialize(who));
            session_ = std::string(in.at("session_id").as_string());
        }
        const auto page = ask("GET", "/walls/" + wall_ + "/posts", {}, "?limit=1");
        auto cursor = page.at("newest").to_number<std::int64_t>();
        json::value epoch;
        if (const auto* e = page.as_object().if_contains("epoch")) {
            epoch = *e;
        }
        awaited_poll poll(begin(poll_after(cursor, epoch)));
        const auto start = steady_clock::now();
        const auto posted = ask("POST", "/walls/" + wall_ + "/posts", R"({"body":"canary"})");
        canary_round r{};
        r.posted = elapsed(steady_clock::now() - start).count();
        const auto mine = posted.at("post").at("id").to_number<std::int64_t>();
        cursor = newest_in(checked(poll.answer()), cursor);
        r.delivered = elapsed(poll.came() - start).count();
        while (cursor < mine) { // others post, too
            if (r.delivered > elapsed(longest_step).count()) {
                throw db::refusal{"the post was not delivered"};
            }
            auto next = begin(poll_after(cursor, epoch));
            cursor = newest_in(checked(next.answer()), cursor);
            r.delivered = elapsed(steady_clock::now() - start).count();
        }
        return r;
    }

    void sign_out() noexcept
    {
        try {
            if (!session_.empty()) {
                ask("DELETE", "/session", {});
            }
        } catch (...) { // it ends by itself
        }
        session_.clear();
    }

private:
    web_request poll_after(std::int64_t cursor, const json::value& epoch) const
    {
        json::object body{{"session_id", session_}, {"last_post_id", {{wall_, cursor}}}};
        if (!epoch.is_null() && cursor != 0) {
            body["epoch"] = {{wall_, epoch}};
        }
        return {"POST", "/", json::serialize(body), {{"Content-Type", "application/json"}}};
    }

    web_place::asked begin(const web_request& r) const
    {
        auto asked = place_.ask(r, longest_step);
        if (!asked) {
            throw asked.error();
        }
        return std::move(*asked);
    }

    std::int64_t newest_in(const json::value& news, std::int64_t cursor) const
    {
        const auto* wall = news.at("walls").as_object().if_contains(wall_);
        if (wall == nullptr) {
            return cursor;
        }
        if (wall->as_object().contains("reset")) {
            throw db::refusal{"the wall begins anew"};
        }
        for (const auto& e : wall->at("posts").as_array()) {
            cursor = e.at("id").to_number<std::int64_t>();
        }
        return cursor;
    }

    json::value checked(const db::outcome<web_answer>& answer)
    {
        if (!answer) {
            throw answer.error();
        }
        if (answer->status >= 300) {
            if (answer->status == 400 || answer->status == 401) {
                session_.clear(); // has ended: the next round signs in
            }
            throw db::refusal{"answered " + std::to_string(answer->status) + ": " +
                              answer->body.substr(0, 200)};
        }
        return json::parse(answer->body);
    }

    json::value ask(const std::string& method, const std::string& path, const std::string& body,
                    const std::string& query = {})
    {
        web_request r{method, path + query, body, {}};
        if (!body.empty()) {
            r.headers.emplace_back("Content-Type", "application/json");
        }
        if (!session_.empty()) {
            r.headers.emplace_back("Authorization", "Bearer " + session_);
        }
        auto asked = begin(r);
        try {
            return checked(asked.answer());
        } catch (const db::refusal& why) {
            throw db::refusal{method + ' ' + path + ' ' + why.sentence};
        }
    }

    const web_place place_;
    const std::string user_;
    const std::string password_;
    const std::string wall_;
    std::string session_;
};

std::string in_words(const canary_round& r)
{
    char line[120];
    std::snprintf(line, sizeof line, "delivered after %.1f ms, answered after %.1f ms\n",
                  r.delivered * 1000, r.posted * 1000);
    return line;
}

// Or what was wrong.
boost::system::result<canary_round, std::string> one_round(canary& bird)
{
    try {
        return bird.go();
    } catch (const db::refusal& why) {
        return why.sentence;
    } catch (const std::exception& e) { // of an answer that is not as the protocol says
        return std::string("an answer that is none of Pollster: ") + e.what();
    }
}

int run_canary(const invocation& call)
{
    std::signal(SIGPIPE, SIG_IGN);
    const auto place = web_place::parse(call.words[0], call.settings.routes.mount);
    if (!place) {
        return complain(call.with.err, place.error().sentence, misused);
    }
    if (!text::parse_number<std::int64_t>(call.words[2], 1, INT64_MAX)) {
        return complain(call.with.err, "the wall is a number, as wall list shows it", misused);
    }
    const auto password = password_line(call.with.in);
    if (!password) {
        return complain(call.with.err, password.error().sentence);
    }
    const bool again = call.options.count("every") != 0;
    const std::chrono::seconds every(again ? call.options["every"].as<std::size_t>() : 0);
    const auto file =
        call.options.count("textfile") != 0 ? call.options["textfile"].as<std::string>() : "";
    canary bird(*place, call.words[1], *password, call.words[2]);
    double last_success = 0;
    for (;;) {
        const auto r = one_round(bird);
        if (r) {
            last_success = elapsed(std::chrono::system_clock::now().time_since_epoch()).count();
            call.with.out << in_words(*r) << std::flush;
        } else {
            complain(call.with.err, r.error());
        }
        if (!file.empty() && !write_textfile(file, r ? &*r : nullptr, last_success)) {
            return complain(call.with.err, "cannot write " + file);
        }
        if (!again) {
            bird.sign_out();
            return r ? done : failed;
        }
        std::this_thread::sleep_for(every);
    }
}

} // namespace

void add_canary_command(std::vector<command>& table)
{
    table.push_back({"canary",
                     "URL USER WALL",
                     "post on a wall and measure until a poll brings it",
                     "From outside, as a client: canary https://chat.example/api canary 17, with "
                     "the user's password on\nstandard input. Give it a user and a wall (its "
                     "number) of its own. Exit code 1 if the post does not arrive.",
                     3,
                     3,
                     {"every", "textfile"},
                     run_canary,
                     acts_as::itself});
}

} // namespace pollster::cli
