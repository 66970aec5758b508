// pollster doctor: asks nginx, the database, the sockets and the way from outside.
#include "db/names.hpp"
#include "fcgi_app/cli/administration.hpp"
#include "fcgi_app/cli/doctor/database.hpp"
#include "fcgi_app/cli/doctor/host.hpp"
#include "fcgi_app/cli/doctor/outside.hpp"
#include "fcgi_app/cli/doctor/places.hpp"
#include "fcgi_app/cli/doctor/program.hpp"
#include "fcgi_app/cli/doctor/socket.hpp"

#include <fstream>
#include <iterator>
#include <optional>
#include <ostream>
#include <sstream>

#include <unistd.h>

namespace pollster::cli {

namespace {

// nginx's own complaint: "nginx: [emerg] ... in /etc/nginx/...:3"
std::string complaint_in(const std::string& err)
{
    std::istringstream lines(err);
    std::string first;
    for (std::string line; std::getline(lines, line);) {
        if (line.find("[emerg]") != std::string::npos) {
            return line;
        }
        first = first.empty() ? line : first;
    }
    return first;
}

// What nginx -T prints; none: it could not be had, which the report says.
std::optional<std::string> dump_of_nginx(const invocation& call, doctor::report& r)
{
    if (call.options.count("nginx") != 0) {
        const auto& file = call.options["nginx"].as<std::string>();
        if (file == "-") {
            return std::string(std::istreambuf_iterator<char>(call.with.in), {});
        }
        std::ifstream in(file);
        if (!in) {
            r.findings.push_back({"nginx-config", file + " cannot be read", "nginx -T > " + file});
            return std::nullopt;
        }
        return std::string(std::istreambuf_iterator<char>(in), {});
    }
    auto ended = doctor::run({"nginx", "-T"});
    if (ended.code == 127) {
        ended = doctor::run({"/usr/sbin/nginx", "-T"});
    }
    if (ended.code == 0) {
        return ended.out;
    }
    if (ended.code == 127) {
        r.unchecked.emplace_back("nginx: it is not installed here (elsewhere: nginx -T there, and "
                                 "pollster doctor --nginx FILE here)");
    } else if (::geteuid() != 0) {
        r.unchecked.push_back("nginx: `nginx -T` has to be run by root: " +
                              complaint_in(ended.err));
    } else {
        r.findings.push_back({"nginx-config", complaint_in(ended.err), "mend it, then `nginx -t`"});
    }
    return std::nullopt;
}

void examine_nginx(const invocation& call, const std::optional<doctor::target>& outside,
                   doctor::report& r)
{
    const auto dump = dump_of_nginx(call, r);
    if (!dump) {
        return;
    }
    auto parsed = doctor::parse_nginx(*dump);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) {
        r.findings.push_back({"nginx-config", *wrong, "is that what `nginx -T` printed?"});
        return;
    }
    std::vector<std::string> addresses;
    for (const auto& a : doctor::addresses_of(call.settings)) {
        addresses.push_back(to_string(a));
    }
    const auto view =
        doctor::view_of(std::get<std::vector<doctor::directive>>(std::move(parsed)), addresses);
    auto facts = doctor::facts_of_host(r.unchecked);
    facts.poll_time = call.settings.routes.poll_time;
    facts.outside = outside;
    for (auto& f : doctor::check_nginx(view, facts)) {
        f.what = "nginx: " + f.what;
        r.findings.push_back(std::move(f));
    }
}

void examine_outside(const invocation& call, const std::string& url, doctor::report& r)
{
    const auto impossible = doctor::acting(call.settings, acts_as::owner, [&] {
        auto connected = call.with.connect(call.settings.database);
        doctor::check_outside(
            {call.settings, url, connected ? connected->get() : nullptr,
             [&](const std::string& line) { call.with.err << "pollster: " << line << std::endl; }},
            r);
    });
    if (impossible) { // the owner's account; that of the unit may well be there
        r.findings.push_back(*impossible);
        r.unchecked.emplace_back("the way from outside: the database cannot be asked");
    }
}

int examine(const invocation& call)
{
    std::optional<doctor::target> outside;
    if (!call.words.empty()) {
        outside = doctor::target_of(call.words[0]);
        if (!outside) {
            return complain(call.with.err,
                            "URL is http://HOST/... or https://HOST/..., not \"" + call.words[0] +
                                "\"",
                            misused);
        }
    }
    doctor::report r;
    const auto add = [&](std::vector<doctor::finding> more) {
        r.findings.insert(r.findings.end(), more.begin(), more.end());
    };
    examine_nginx(call, outside, r);
    add(doctor::check_places(call.settings));
    add(doctor::check_sockets(call.settings));
    add(doctor::examine_database(call.with, call.settings));
    if (outside) {
        examine_outside(call, call.words[0], r);
    }
    for (const auto& f : r.findings) {
        const auto what = f.what.substr(0, f.what.find_last_not_of('.') + 1); // some end with one
        call.with.out << f.code << ": " << db::shown(what) << ". To do: " << db::shown(f.todo)
                      << '\n';
    }
    for (const auto& sentence : r.unchecked) {
        call.with.out << "not checked: " << db::shown(sentence) << '\n';
    }
    if (!r.findings.empty()) {
        return complain(call.with.err, plural(r.findings.size(), "finding"));
    }
    call.with.out << "nothing to do\n";
    return done;
}

} // namespace

void add_doctor_commands(std::vector<command>& table)
{
    table.push_back(
        {"doctor",
         "[URL]",
         "say what of nginx, database and network does not fit, and what to do",
         "Run it as root on the host of nginx. URL is where browsers find the site: with it, the "
         "way from outside is looked at, too, for which a user, a wall and a post are made and "
         "removed; that takes as long as a poll (poll_seconds). Each line begins with a word that "
         "docs/DOCTOR.md explains. Exit code 0 if there is nothing to do.",
         0,
         1,
         {"nginx"},
         examine,
         acts_as::itself});
}

} // namespace pollster::cli
