// Other applications park their clients' requests: the programs of docs/PARK.md behind the shipped
// nginx, in PHP, Perl and Python.
#include "tests/e2e/applications.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <deque>
#include <set>

using namespace e2e;

namespace {

// A request of which the answer has not come.
struct waiting {
    http_client client;
    waiting(const applications& a, const std::string& target, const header_list& headers = {})
        : client(a.client())
    {
        client.send("GET", target, {}, headers);
    }
    waiting(const applications& a, const std::string& target, const std::string& form)
        : client(a.client())
    {
        client.send("POST", target, form, form_header);
    }
    reply wait() { return client.receive(); }
};

double ended(const chat& s, const std::string& outcome)
{
    return s.metric("pollster_parks_total{outcome=\"" + outcome + "\"}");
}

void post(const chat& s, const std::string& text)
{
    s.sql(insert_post(1, 1, text));
}

// What PHP has answered: "1 2, news".
std::string said(const reply& r)
{
    if (r.status != 200) {
        return text_of(r);
    }
    const auto answered = r.json();
    std::string words;
    for (const auto& entry : answered.at("entries").as_array()) {
        words += std::to_string(entry.at("id").as_int64()) + ' ';
    }
    const auto& what = answered.at("what");
    return words + (what.is_null() ? "at once" : std::string(what.as_string()));
}

// The three programs, each asked for what is new since `last`, by GET and by a form.
struct three {
    applications a;
    header_list me;
    explicit three(chat& s)
        : a(s)
        , me(a.signed_in())
    {
        a.start_perl();
        a.start_python();
    }
    std::string php(const std::string& last) const
    {
        return said(a.get("/poll.php?last=" + last, me));
    }
    std::string perl(const std::string& last) const { return form("/board", last); }
    std::string python(const std::string& last) const { return form("/inbox", last); }

private:
    std::string form(const std::string& target, const std::string& last) const
    {
        return text_of(a.client().call("POST", target, "last=" + last, form_header));
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(park_)

BOOST_AUTO_TEST_CASE(php_parks_and_answers_what_is_new_with_its_session)
{
    chat s;
    applications a(s);
    BOOST_TEST(text_of(a.get("/poll.php?last=0")) == "403 Please sign in."); // its own decision
    const auto me = a.signed_in();
    waiting poll(a, "/poll.php?last=0", me);
    s.until_parked(1);
    BOOST_TEST(!poll.client.something_arrived());
    post(s, "hello");
    const auto r = poll.wait();
    BOOST_TEST(said(r) == "1 news");
    BOOST_TEST(r.json().at("entries").at(0).at("body").as_string() == "hello");
    BOOST_TEST(r.header("Content-Type").starts_with("application/json"));
    BOOST_TEST(r.header("Set-Cookie") == "");
    BOOST_TEST(r.headers.count("Cache-Control") == 1u); // PHP's own, once
    BOOST_TEST(r.header("X-Accel-Redirect") == "");
    BOOST_TEST(said(a.get("/poll.php?last=0", me)) == "1 at once");
    BOOST_TEST(ended(s, "news") == 1);
    BOOST_TEST(s.metric("pollster_parks") == 0);
    // Nothing of this is a poll of Pollster's own.
    BOOST_TEST(s.metric("pollster_polls_total{outcome=\"news\"}") == 0);
}

BOOST_AUTO_TEST_CASE(one_worker_answers_others_while_fifty_wait)
{
    chat s;
    applications a(s, 1);
    const auto me = a.signed_in(); // of one session, whose lock nobody holds
    std::deque<waiting> polls;
    for (int i = 1; i <= 50; ++i) {
        polls.emplace_back(a, "/poll.php?last=0", me);
    }
    s.until_parked(50);
    BOOST_TEST(text_of(a.get("/echo.php")) == "200 GET ");
    BOOST_TEST(s.metric("pollster_parks") == 50);
    post(s, "for all");
    for (auto& poll : polls) {
        BOOST_TEST(said(poll.wait()) == "1 news");
    }
}

BOOST_AUTO_TEST_CASE(a_wall_that_is_gone_or_begins_anew_ends_the_wait)
{
    chat s;
    applications a(s);
    const auto me = a.signed_in();
    post(s, "one");
    waiting anew(a, "/poll.php?last=1", me);
    s.until_parked(1);
    s.sql("select pollster.refresh_wall(1, true)");
    BOOST_TEST(said(anew.wait()) == "reset");
    waiting removed(a, "/poll.php?last=1", me);
    s.until_parked(1);
    s.sql("delete from pollster.walls where id = 1");
    BOOST_TEST(said(removed.wait()) == "gone");
}

BOOST_AUTO_TEST_CASE(at_its_deadline_the_application_answers_with_nothing_new)
{
    chat s(settings{{"poll_seconds", "1"}});
    applications a(s);
    BOOST_TEST(said(a.get("/poll.php?last=0", a.signed_in())) == "nothing");
    BOOST_TEST(ended(s, "nothing") == 1);
}

BOOST_AUTO_TEST_CASE(perl_is_asked_again_by_get)
{
    chat s;
    applications a(s);
    a.start_perl();
    waiting poll(a, "/board", "last=0");
    s.until_parked(1);
    post(s, "hello");
    BOOST_TEST(text_of(poll.wait()) == "200 GET news: 1\n");
    BOOST_TEST(text_of(a.client().call("POST", "/board", "last=0", form_header)) ==
               "200 POST at once: 1\n");
}

BOOST_AUTO_TEST_CASE(python_is_asked_again_by_the_same_post)
{
    chat s;
    applications a(s);
    a.start_python();
    for (const std::string body : {"last=0&text=x", "last=0&text="}) {
        const auto large = body + std::string(body.ends_with('=') ? 100'000 : 0, 'y');
        const auto newest = s.sql("select count(*) from pollster.entries");
        waiting poll(a, "/inbox?a=b", "last=" + newest + large.substr(6));
        s.until_parked(1);
        post(s, "hello");
        const auto r = poll.wait().json();
        BOOST_TEST(r.at("method").as_string() == "POST");
        BOOST_TEST(r.at("form").at("text").as_string() == large.substr(12));
        BOOST_TEST(r.at("entries").as_array().size() == 1u);
        BOOST_TEST(r.at("parked").at("what").as_string() == "news");
    }
}

BOOST_AUTO_TEST_CASE(a_number_that_is_none_is_0_and_ends_no_program)
{
    chat s;
    const three t(s);
    post(s, "hello");
    for (const char* last : {"", "x", "-1", "1e30", "inf", "nan", "0x1", "1.5", "%00", "%D9%A1",
                             "9999999999999999999999", "99999999999999999999"}) {
        BOOST_TEST_CONTEXT(last)
        {
            BOOST_TEST(t.php(last) == "1 at once");
            BOOST_TEST(t.perl(last) == "200 POST at once: 1\n");
            BOOST_TEST(t.python(last).find(R"("entries": [1])") != std::string::npos);
        }
    }
    BOOST_TEST(said(t.a.get("/poll.php?last[]=1", t.me)) == "1 at once");
    BOOST_TEST(t.python("%FF\xff").find(R"("entries": [1])") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(after_a_restart_of_postgresql_the_programs_serve_again)
{
    private_postgres mine;
    chat s({}, &mine);
    const three t(s);
    post(s, "hello");
    const auto all_serve = [&] {
        return t.php("0") == "1 at once" && t.perl("0") == "200 POST at once: 1\n" &&
               t.python("0").find(R"("entries": [1])") != std::string::npos;
    };
    BOOST_TEST(all_serve());
    mine.stop();
    for (int round = 0; round < 2; ++round) { // with the former connection, and without any
        BOOST_TEST(t.php("0").starts_with("500"));
        BOOST_TEST(t.perl("0").starts_with("503"));
        BOOST_TEST(t.python("0").starts_with("503"));
    }
    mine.start();
    BOOST_TEST(all_serve());
    mine.stop();
    mine.start();
    t.python("0"); // which finds that its connection is gone
    BOOST_TEST(all_serve());
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_frees_everything)
{
    chat s;
    applications a(s);
    const auto me = a.signed_in();
    waiting poll(a, "/poll.php?last=0", me);
    s.until_parked(1);
    poll.client.close();
    eventually("nothing is parked", [&] { return s.metric("pollster_parks") == 0; });
    BOOST_TEST(ended(s, "left") == 1);
    BOOST_TEST(s.metric("pollster_parked_polls") == 0);
    BOOST_TEST(s.metric("pollster_clients") == 0);
}

BOOST_AUTO_TEST_CASE(a_stop_sends_everybody_back_with_a_time_of_their_own)
{
    chat s(settings{{"returns_per_second", "10"}});
    applications a(s, 2);
    const auto me = a.signed_in();
    std::deque<waiting> polls;
    for (int i = 0; i < 20; ++i) {
        polls.emplace_back(a, "/poll.php?last=0", me);
    }
    s.until_parked(20);
    BOOST_TEST(s.stop_pollster() == 0);
    std::set<std::int64_t> times;
    for (auto& poll : polls) {
        const auto r = poll.wait();
        BOOST_TEST(said(r) == "again");
        times.insert(r.json().at("retry_ms").as_int64());
    }
    BOOST_TEST(times.size() == 20u);
    // And the next process takes them.
    s.start_pollster();
    waiting poll(a, "/poll.php?last=0", me);
    s.until_parked(1);
    post(s, "hello");
    BOOST_TEST(said(poll.wait()) == "1 news");
}

BOOST_AUTO_TEST_CASE(a_crowd_goes_back_at_the_pace_and_nobody_is_refused)
{
    chat s(settings{{"park_releases_per_second", "20"}});
    applications a(s, 2);
    const auto me = a.signed_in();
    std::deque<waiting> polls;
    for (int i = 0; i < 40; ++i) {
        polls.emplace_back(a, "/poll.php?last=0", me);
    }
    s.until_parked(40);
    a.add_page("wait.php", R"(<?php
if (isset($_GET['what'])) {
    exit($_GET['what']);
}
header('X-Accel-Redirect: /park/?walls=1:0&then=%2Fwait.php');)");
    const stopwatch watch;
    post(s, "for all");
    // There is news already: it has no turn to wait for.
    eventually("some wait", [&] { return s.metric("pollster_releases_waiting") > 0; });
    BOOST_TEST(text_of(a.get("/wait.php")) == "200 news");
    BOOST_TEST(s.metric("pollster_releases_waiting") > 0);
    for (auto& poll : polls) {
        BOOST_TEST(said(poll.wait()) == "1 news");
    }
    BOOST_TEST(watch.ms() >= 1800); // 38 steps of 50 ms, less a late turn
    BOOST_TEST(s.metric("pollster_limits_total{limit=\"park_releases_per_second\"}") > 30);
    BOOST_TEST(s.metric("pollster_releases_waiting") == 0);
}

// Its own page, and as try_files finds it.
BOOST_AUTO_TEST_CASE(a_front_controller_is_asked_for_the_address_in_then)
{
    chat s;
    applications a(s);
    a.add_page("index.php", R"(<?php
$asked = parse_url($_SERVER['REQUEST_URI']);
parse_str($asked['query'] ?? '', $query);
if (!isset($query['what'])) {
    $then = $asked['path'] . '/answer?last=57';
    header('X-Accel-Redirect: /park/?walls=1:0&then=' . rawurlencode($then));
    exit;
}
echo $_SERVER['REQUEST_URI'], ' ', $_SERVER['QUERY_STRING'];)");
    change_nginx(s, "applications.conf", "include pollster/snippets/park.conf;",
                 "location /tried/ { set $asked $uri$is_args$args;"
                 " try_files $uri /index.php$is_args$args; }\n"
                 "location = /index.php { include /etc/nginx/fastcgi.conf;"
                 " fastcgi_param REQUEST_URI $asked; fastcgi_pass unix:" +
                     a.php_socket().string() + "; }");
    post(s, "hello");
    for (const std::string path : {"/orders/5", "/tried/5"}) {
        BOOST_TEST(text_of(a.get(path + "?first=1")) ==
                   "200 " + path + "/answer?last=57&what=news last=57&what=news");
    }
}

BOOST_AUTO_TEST_CASE(what_comes_back_is_get_or_head_with_the_body)
{
    chat s;
    applications a(s);
    a.add_page("ask.php", R"(<?php
header('Accept-Ranges: bytes');
header('ETag: "1"');
header('X-Accel-Redirect: /park/?walls=1:0&then=%2Fanswer.php');)");
    a.add_page("answer.php", R"(<?php
header('X-Method: ' . $_SERVER['REQUEST_METHOD']);
echo $_SERVER['CONTENT_LENGTH'], ' ', $_SERVER['CONTENT_TYPE'], ' ';
readfile('php://input');)");
    post(s, "hello");
    const auto r = a.client().call("POST", "/ask.php", "a=b", form_header);
    BOOST_TEST(text_of(r) == "200 3 application/x-www-form-urlencoded a=b");
    BOOST_TEST(r.header("X-Method") == "GET");
    BOOST_TEST(r.header("Accept-Ranges") == "bytes");
    BOOST_TEST(r.header("ETag") == "");
    const auto url = "http://127.0.0.1:" + std::to_string(a.port()) + "/ask.php";
    BOOST_TEST(run({"curl", "-sI", url}).output.find("X-Method: HEAD") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_a_client_has_said_is_encoded_twice_in_then)
{
    chat s;
    applications a(s);
    a.add_page("word.php", R"(<?php
if (isset($_GET['what'])) {
    exit($_GET['q']);
}
$q = $_GET['q'];
header('X-Accel-Redirect: /park/?walls=1:0&' . )" +
                               a.printed_between("'then=' .", "`") + R"();)");
    post(s, "hello");
    BOOST_TEST(text_of(a.get("/word.php?q=a%26b%20c%C3%A9%23%3D%25")) == "200 a&b c\xc3\xa9#=%");
}

BOOST_AUTO_TEST_CASE(a_body_is_kept_if_nginx_has_read_it_first)
{
    chat s;
    applications a(s);
    a.add_page("named.php", R"(<?php
if (empty($_SERVER['PARKED'])) {
    header('X-Accel-Redirect: @park');
    header('X-Park: walls=1:0&then=@named');
    exit;
}
echo $_SERVER['REQUEST_METHOD'], ' ', strlen(file_get_contents('php://input'));)");
    const auto pass = "include /etc/nginx/fastcgi.conf; fastcgi_param SCRIPT_FILENAME "
                      "$document_root/named.php; fastcgi_param PARKED $parked; fastcgi_pass unix:" +
                      a.php_socket().string() + "; }\n";
    change_nginx(s, "applications.conf", "include pollster/snippets/park.conf;",
                 "location = /on { set $parked ''; " + pass +
                     "location = /off { set $parked ''; fastcgi_request_buffering off; " + pass +
                     "location @named { set $parked $upstream_http_x_parked; " + pass);
    post(s, "hello");
    const std::string body(100'000, 'y');
    BOOST_TEST(text_of(a.client().call("POST", "/on", body, form_header)) == "200 POST 100000");
    BOOST_TEST(text_of(a.client().call("POST", "/off", body, form_header)) != "200 POST 100000");
}

BOOST_AUTO_TEST_CASE(the_printed_rights_are_enough)
{
    chat s;
    const applications a(s);
    s.sql("create role shop");
    s.sql(a.printed_between("grant usage", "`"));
    s.sql(a.printed_between("grant select on pollster.heads", "`"));
    post(s, "hello");
    const std::string shop = "set role shop; ";
    BOOST_TEST(s.sql(shop + "select p.body from pollster.entries e"
                            " left join pollster.posts p on p.id = e.post_id") == "hello");
    BOOST_TEST(s.sql(shop + "select (" + a.printed_between("select h.epoch", "7`") +
                     "1) is not null") == "t");
}

// Each wait takes two of them. There is news all the time, so that each is short.
BOOST_AUTO_TEST_CASE(nginx_allows_ten_internal_redirects_for_a_request)
{
    chat s;
    applications a(s);
    a.add_page("rounds.php", R"(<?php
$round = (int) $_GET['round'];
if ($round < (int) $_GET['most']) {
    $then = '/rounds.php?most=' . $_GET['most'] . '&round=' . ($round + 1);
    header('X-Accel-Redirect: /park/?walls=1:0&then=' . rawurlencode($then));
    exit;
}
echo $round, ' ', $_GET['what'];)");
    post(s, "hello");
    BOOST_TEST(text_of(a.get("/rounds.php?round=0&most=5")) == "200 5 news");
    BOOST_TEST(a.get("/rounds.php?round=0&most=6").status == 500);
    BOOST_TEST(s.nginx_log().find("redirection cycle") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_the_database_the_application_is_told_that_nobody_knows)
{
    private_postgres mine;
    chat s({}, &mine);
    applications a(s);
    a.add_page("wait.php", R"(<?php
if (isset($_GET['what'])) {
    exit($_GET['what'] . ' ' . ($_GET['retry_ms'] > 0 ? 'later' : 'now'));
}
header('X-Accel-Redirect: /park/?walls=9:0&then=%2Fwait.php');)");
    mine.stop();
    BOOST_TEST(text_of(a.get("/wait.php")) == "200 unknown later");
    mine.start();
}

BOOST_AUTO_TEST_SUITE_END()
