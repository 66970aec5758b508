#include "fcgi_app/cli/doctor/outside.hpp"

#include "fcgi_app/cli/doctor/program.hpp"

#include <algorithm>

namespace pollster::doctor {

namespace {

using namespace std::chrono_literals;

constexpr const char* text_of_post = "pollster doctor looks";
constexpr const char* a_foreign_page = "https://page.invalid"; // nobody's (RFC 2606)

// The arguments of curl after those that are always the same. The token is not among them, where
// everybody on this host could read it.
std::vector<std::string> curl(const std::string& url, std::chrono::seconds longest,
                              const std::vector<std::string>& more)
{
    std::vector<std::string> command{"curl",
                                     "--silent",
                                     "--show-error",
                                     "--include",
                                     "--no-buffer",
                                     "--max-time",
                                     std::to_string(longest.count()),
                                     "--connect-timeout",
                                     "10",
                                     "--write-out",
                                     "\\n%{http_version} %{time_total}",
                                     "--config",
                                     "-"};
    command.insert(command.end(), more.begin(), more.end());
    command.push_back(url);
    return command;
}

web_answer finished(const ended& e)
{
    auto a = answer_of(e.out);
    if (e.code != 0) {
        a.error = e.err.substr(0, e.err.find('\n'));
        if (a.error.empty()) {
            a.error = "curl ended with code " + std::to_string(e.code);
        }
    }
    return a;
}

web_answer get(const std::string& url, const std::vector<std::string>& more = {})
{
    return finished(run(curl(url, 30s, more)));
}

bool is_pollster(const web_answer& a)
{
    return a.body.find("huzzah") != std::string::npos;
}

// The address under which Pollster itself answers: as given, or /api/ below.
std::optional<std::string> find_mount(const std::string& url, report& r)
{
    const std::string base = url.ends_with('/') ? url : url + "/";
    const auto first = get(base);
    if (is_pollster(first)) {
        return base;
    }
    if (!first.error.empty() && first.status == 0) {
        r.findings.push_back({"unreachable", base + ": " + first.error,
                              "name, firewall, certificate, and whether nginx runs"});
        return std::nullopt;
    }
    if (is_pollster(get(base + "api/"))) {
        return base + "api/";
    }
    r.findings.push_back(
        {"not-pollster",
         base + " answers with status " + std::to_string(first.status) + ", and neither it nor " +
             base + "api/ is Pollster",
         "another site wins, or the URL is not the one where Pollster is mounted"});
    return std::nullopt;
}

void check_protocol(const std::string& mount, const target& where, report& r)
{
    const bool here = where.host == "localhost" || where.host.starts_with("127.");
    if (where.scheme == "http" && !here) {
        r.findings.push_back({"plain-http",
                              mount + " is not encrypted: whoever listens on the way has the "
                                      "sessions",
                              "nginx/pollster-https.conf is the site for https"});
    }
    if (where.scheme == "https") {
        const auto a = get(mount);
        if (!a.version.starts_with('2') && !a.version.starts_with('3')) {
            r.findings.push_back({"http2",
                                  mount + " speaks HTTP/" + a.version +
                                      ": a browser has six connections, and each open tab of it "
                                      "parks a poll on one",
                                  "listen 443 ssl http2; (from nginx 1.25.1: http2 on;), and the "
                                  "same in a proxy in front"});
        }
    }
    if (!here && get(mount + "metrics").status == 200) {
        r.findings.push_back({"metrics-open", mount + "metrics can be read from outside",
                              "allow it to this host only, as nginx/snippets/page.conf does; "
                              "behind a proxy on this host, deny it there"});
    }
}

void check_origins(const outside_view& view, const std::string& mount, report& r)
{
    const auto judge = [&](const std::string& origin, bool allowed) {
        for (const std::vector<std::string>& how :
             {std::vector<std::string>{"--request", "OPTIONS", "--header",
                                       "Access-Control-Request-Method: POST"},
              std::vector<std::string>{}}) {
            auto arguments = how;
            arguments.insert(arguments.end(), {"--header", "Origin: " + origin});
            const auto found = judge_cors(get(mount, arguments), origin, allowed);
            if (!found.empty()) {
                r.findings.insert(r.findings.end(), found.begin(), found.end());
                return;
            }
        }
    };
    const auto& origins = view.settings.cors_origins;
    const bool all = std::ranges::find(origins, "*") != origins.end();
    for (const auto& origin : origins) {
        judge(origin == "*" ? a_foreign_page : origin, true);
    }
    if (!all) {
        judge(a_foreign_page, false);
    }
}

std::vector<std::string> poll_body(const db::visitor& v, int cursor)
{
    return {"--data", "last_post_id[" + std::to_string(walls::number(v.wall)) +
                          "]=" + std::to_string(cursor)};
}

// Answers that were held back, and polls that were ended: as a client of its own would find out.
void check_polls(const outside_view& view, const std::string& mount, const db::visitor& v,
                 report& r)
{
    const std::string bearer = "header = \"Authorization: Bearer " + v.token + "\"\n";
    program parked(curl(mount, 30s, poll_body(v, 0)), bearer);
    const auto posted_at = std::chrono::steady_clock::now();
    if (const auto posted = view.administrator->post_as(v, text_of_post); !posted) {
        r.unchecked.push_back("parked polls: " + posted.error().sentence);
        return;
    }
    const auto news = finished(parked.wait());
    const auto took = std::chrono::steady_clock::now() - posted_at;
    auto found =
        judge_news(news, text_of_post, std::chrono::duration_cast<std::chrono::milliseconds>(took));
    const bool works = found.empty() || found.front().code == "held-back";
    for (auto& f : found) {
        f.what = mount + ": " + f.what;
        r.findings.push_back(std::move(f));
    }
    if (!works) {
        return;
    }
    // Longer than an event takes; it never ends by itself within that time.
    const auto stream = finished(
        run(curl(mount + "events?last_post_id%5B" + std::to_string(walls::number(v.wall)) + "%5D=0",
                 10s, {"--header", "Accept: text/event-stream"}),
            bearer));
    for (auto& f : judge_stream(stream, text_of_post)) {
        f.what = mount + ": " + f.what;
        r.findings.push_back(std::move(f));
    }
    const auto longest = view.settings.routes.poll_time;
    view.progress("waiting up to " +
                  std::to_string(std::chrono::ceil<std::chrono::seconds>(longest).count()) +
                  " s for the end of a parked poll");
    const auto idle = finished(
        run(curl(mount, std::chrono::ceil<std::chrono::seconds>(longest) + 20s, poll_body(v, 1)),
            bearer));
    for (auto& f : judge_parked(idle, longest)) {
        f.what = mount + ": " + f.what;
        r.findings.push_back(std::move(f));
    }
}

} // namespace

void check_outside(const outside_view& view, report& r)
{
    if (run({"curl", "--version"}).code != 0) {
        r.unchecked.emplace_back("the way from outside: curl is not installed (apt install curl)");
        return;
    }
    const auto mount = find_mount(view.url, r);
    if (!mount) {
        return;
    }
    check_protocol(*mount, *target_of(view.url), r);
    check_origins(view, *mount, r);
    if (view.administrator == nullptr) {
        r.unchecked.emplace_back("parked polls from outside: the database cannot be asked");
        return;
    }
    const auto visitor = view.administrator->add_visitor();
    if (!visitor) {
        r.unchecked.push_back("parked polls from outside: a visitor cannot be added: " +
                              visitor.error().sentence);
        return;
    }
    check_polls(view, *mount, *visitor, r);
    if (const auto removed = view.administrator->remove_visitor(*visitor); !removed) {
        r.findings.push_back({"visitor",
                              "the user \"pollster doctor: a visitor\" and the wall \"pollster "
                              "doctor: a visit\" are left: " +
                                  removed.error().sentence,
                              "run it again"});
    }
}

} // namespace pollster::doctor
