#include "bench/statement_questions.hpp"

#include "db/look_rows.hpp"
#include "db/queries.hpp"
#include "db/token.hpp"

#include <unistd.h>

#include <optional>
#include <stdexcept>

namespace bench {
namespace {

enum : std::size_t { post, after_commit, look, entries, no_disk };
constexpr int walls = 100;

db::reader writer(int user)
{
    std::string token = "session-of-" + std::to_string(user) + '-';
    token.resize(43, '0');
    return {token, ::walls::user_id{user}};
}

void expect(bool holds, const char* what)
{
    if (!holds) {
        throw std::runtime_error(std::string("unexpected answer to ") + what);
    }
}

std::string array_of(const std::string& one)
{
    return '{' + one + '}';
}

} // namespace

questions::questions(const std::string& conninfo)
    : asking_(conninfo, breaker_, meters_)
    , watching_(conninfo, breaker_, meters_)
{
    learn();
    const auto ask_post = [this](const ask& a, int fiber) {
        auto got = a(statements_[post], post_of(fiber));
        expect(got.rows == 1 && got.first[1] == "created", "a post");
        return got;
    };
    kinds_.push_back({"look", [this](int /*fiber*/) -> job {
                          return [this](const ask& a) {
                              const auto got = a(statements_[look], {"{}", snapshot_});
                              expect(got.rows == 2, "a look"); // a head and the position
                          };
                      }});
    kinds_.push_back({"entries", [this](int /*fiber*/) -> job {
                          return [this](const ask& a) {
                              const auto got =
                                  a(statements_[entries],
                                    {"{1}", array_of(before_), "101", "262144", "1048576"});
                              expect(got.rows == 1, "entries");
                          };
                      }});
    kinds_.push_back({"post", [ask_post](int fiber) -> job {
                          return [ask_post, fiber](const ask& a) { ask_post(a, fiber); };
                      }});
    kinds_.push_back({"post and after_commit", [this, ask_post](int fiber) -> job {
                          return [this, ask_post, fiber](const ask& a) {
                              const auto written = ask_post(a, fiber);
                              const auto got = a(
                                  statements_[after_commit],
                                  {snapshot_, process_, array_of(std::to_string(fiber % walls + 1)),
                                   array_of(written.first[2]), array_of(written.first[3])});
                              expect(got.rows == 2, "after_commit");
                          };
                      }});
}

void questions::news()
{
    const auto at = db::ask_look(asking_, {}, {}).at;
    snapshot_ = at.snapshot;
    process_ = at.process;
    const db::new_post post{::walls::wall_id{1}, writer(1), "news", "news-" + post_of(0)[3]};
    std::optional<db::answer<db::written_entry>> answer;
    db::add_posts(asking_, {&post, 1}, true, {&answer, 1});
    expect(answer && answer->has_value(), "news");
    written_ = **answer;
    before_ = std::to_string(number(written_.entry.id) - 1);
}

// Asks each as db/ does, and PostgreSQL what that was.
void questions::learn()
{
    db::seen_heads seen;
    const auto add = [&](const char* name) { statements_.push_back({name, last_statement()}); };
    news();
    add("post");
    const db::own_entry own{::walls::wall_id{1}, &written_};
    db::after_commit(asking_, snapshot_ + ' ' + process_, {&own, 1}, seen);
    add("after_commit");
    db::ask_look(asking_, {}, snapshot_);
    add("look");
    const ::walls::cursor from{::walls::wall_id{1}};
    db::entries_after(asking_, {&from, 1}, {}, seen);
    add("entries");
    statements_.push_back({"no_disk", "select set_config('synchronous_commit', 'off', false)"});
}

// Asked, not set when connecting: db/session_settings.cpp would set it back.
questions::kind questions::without_disk()
{
    return {"no_disk", [this](int /*fiber*/) -> job {
                return [this](const ask& a) { a(statements_[no_disk], {}); };
            }};
}

std::string questions::last_statement()
{
    return watching_
        .exec("select query from pg_stat_activity where pid = $1::integer",
              asking_.connected().backendpid())[0][0]
        .c_str();
}

parameters questions::post_of(int fiber)
{
    const int user = fiber + 1;
    return {std::to_string(fiber % walls + 1), std::to_string(user),
            "what people say in a chat, some sixty bytes of it, on average",
            std::to_string(getpid()) + '-' + std::to_string(++posted_),
            db::proof_of_writer(writer(user))};
}

std::vector<int> questions::backends(const std::string& name)
{
    std::vector<int> pids;
    const auto rows =
        watching_.exec("select pid from pg_stat_activity where application_name = $1::text", name);
    for (const auto& row : rows) {
        pids.push_back(row[0].as<int>());
    }
    return pids;
}

} // namespace bench
