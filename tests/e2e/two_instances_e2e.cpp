// Two chats below two paths of one host, as docs/OPERATIONS.md has them: a browser sends both of
// their cookies, and those of an application, to each.
#include "tests/e2e/applications.hpp"
#include "tests/e2e/fronts.hpp"

#include <boost/algorithm/string.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <map>

using namespace e2e;

namespace {

const std::string section = "Two instances at one host";

// The site of docs/OPERATIONS.md, in the first one's nginx.
unsigned short add_site(chat& one, const chat& two)
{
    const auto port = free_port();
    const auto conf = one.folder() / "nginx" / "conf";
    auto snippet = read_text(conf / "pollster" / "snippets" / "application.conf");
    boost::replace_all(snippet, "fastcgi_pass pollster;", "fastcgi_pass pollster_two;");
    std::ofstream(conf / "pollster" / "snippets" / "application_two.conf") << snippet;
    std::ofstream(conf / "two.conf") << documented(
        section, "nginx",
        {{"include pollster/snippets/upstream.conf;", ""}, // the stack's own site has it
         {"/run/pollster/two.sock", two.socket().string()},
         {"listen 80 default_server reuseport backlog=65535;",
          "listen 127.0.0.1:" + std::to_string(port) + ";"},
         {"/usr/share/pollster/web", (source_folder() / "web").string()}},
        "OPERATIONS.md");
    change_nginx(one, "nginx.conf", "include pollster/pollster.conf;", "    include two.conf;");
    return port;
}

// As a browser keeps cookies: by name and path, and sends those whose path is above the request's.
class browser {
public:
    explicit browser(unsigned short port)
        : port_(port)
    {
    }

    reply send(const std::string& path, const call& c)
    {
        header_list headers = c.headers;
        headers.emplace_back("X-CSRF-Token", "1");
        headers.emplace_back("Cookie", cookies_for(path));
        const auto r = http_client(port_).call(c.method, path + c.path, c.body, headers);
        keep(r.header("Set-Cookie"));
        return r;
    }
    std::string cookies_for(const std::string& path) const
    {
        std::string out = "_shop_session=abc; theme=dark";
        for (const auto& [key, value] : cookies_) {
            if (path.starts_with(key.second)) {
                out += "; " + key.first + '=' + value;
            }
        }
        return out;
    }

private:
    void keep(const std::string& line)
    {
        if (line.empty()) {
            return;
        }
        const auto name = line.substr(0, line.find('='));
        const auto path_at = line.find("; Path=") + 7;
        const auto path = line.substr(path_at, line.find(';', path_at) - path_at);
        if (line.find("Max-Age=0") != std::string::npos) {
            cookies_.erase({name, path});
        } else {
            cookies_[{name, path}] = line.substr(name.size() + 1, line.find(';') - name.size() - 1);
        }
    }

    unsigned short port_;
    std::map<std::pair<std::string, std::string>, std::string> cookies_;
};

const call show_session{"GET", "/session", {}, {}};
const call sign_in = post_json(R"({"name":"ann","password":"ann secret"})", "/session");
const call sign_out{"DELETE", "/session", {}, {}};

void both_stay_signed_in(const settings& of_one, const settings& of_two)
{
    chat one(of_one);
    const chat two(of_two);
    browser b(add_site(one, two));
    BOOST_TEST(b.send("/one/api", sign_in).status == 201);
    BOOST_TEST(b.send("/one/api", show_session).status == 200);
    BOOST_TEST(b.send("/two/api", show_session).status == 401);
    BOOST_TEST(b.send("/two/api", sign_in).status == 201);
    for (const std::string path : {"/one/api", "/two/api"}) {
        BOOST_TEST(b.send(path, show_session).status == 200, path);
        BOOST_TEST(b.send(path, post_json(R"({"body":"here"})", "/walls/1/posts")).status == 201,
                   path);
        BOOST_TEST(entries_of(b.send(path, post_json(R"({"last_post_id":{"1":0}})"))) == "1:1",
                   path);
    }
    for (const std::string path : {"/one/api", "/two/api"}) {
        BOOST_TEST(b.send(path, {"GET", "/metrics", {}, {}}).status == 403, path);
        BOOST_TEST(b.send(path.substr(0, 4), {"GET", "/", {}, {}}).body.find("<title>Pollster") !=
                       std::string::npos,
                   path);
    }
    BOOST_TEST(b.send("/one/api", sign_out).status == 200);
    BOOST_TEST(b.send("/one/api", show_session).status == 401);
    BOOST_TEST(b.send("/two/api", show_session).status == 200);
}

} // namespace

BOOST_AUTO_TEST_SUITE(two_instances_)

BOOST_AUTO_TEST_CASE(a_browser_is_signed_in_at_both_and_signs_out_of_one)
{
    both_stay_signed_in({}, {{"cookie_name", "two_session"}, {"cookie_path", "/two/"}});
}

BOOST_AUTO_TEST_CASE(both_cookies_may_be_for_the_whole_host)
{
    both_stay_signed_in({{"cookie_name", "__Host-one"}}, {{"cookie_name", "__Host-two"}});
}

BOOST_AUTO_TEST_CASE(what_a_browser_would_refuse_does_not_start)
{
    const chat s;
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"serve"}, {"check-config"}}) {
        std::vector<std::string> command{"--cookie-name", "__Host-x", "--cookie-path", "/x/"};
        command.insert(command.end(), words.begin(), words.end());
        const auto done = s.administer(command);
        BOOST_TEST(done.code != 0);
        BOOST_TEST(std::ranges::count(done.output, '\n') == 1, done.output);
        BOOST_TEST(done.output.find("cookie_path: browsers refuse a cookie __Host-x") !=
                       std::string::npos,
                   done.output);
    }
}

BOOST_AUTO_TEST_SUITE_END()
