#include "fcgi_app/cli/doctor/nginx_view.hpp"

#include "text/number.hpp"

#include <algorithm>
#include <cstdint>

namespace pollster::doctor {

namespace {

const directive* last_of(const std::vector<directive>& block, const std::string& name)
{
    const auto found = std::find_if(block.rbegin(), block.rend(),
                                    [&](const directive& d) { return d.name() == name; });
    return found == block.rend() ? nullptr : &*found;
}

listening listening_of(const directive& d)
{
    listening out;
    out.address = d.argument(1);
    if (out.address.starts_with("unix:")) {
        return out;
    }
    // A port alone, an address alone, or both.
    const auto whole = text::parse_number<unsigned short>(out.address, 1, 65535);
    if (whole) {
        out.address = "*:" + out.address;
    } else if (const auto colon = out.address.rfind(':');
               colon == std::string::npos || out.address.ends_with(']')) {
        out.address += ":80";
    }
    if (out.address.starts_with("0.0.0.0:")) {
        out.address.replace(0, 7, "*");
    }
    const auto port = out.address.substr(out.address.rfind(':') + 1);
    out.port = text::parse_number<unsigned short>(port, 1, 65535).value_or(0);
    for (std::size_t i = 2; i < d.words.size(); ++i) {
        const auto& word = d.words[i];
        out.is_default |= word == "default_server" || word == "default";
        out.reuseport |= word == "reuseport";
        out.ssl |= word == "ssl";
        out.http2 |= word == "http2";
        if (word.starts_with("backlog=")) {
            out.backlog = text::parse_number<long>(std::string_view(word).substr(8), -1, 1L << 31);
        }
    }
    return out;
}

site site_of(const directive& server)
{
    site out;
    out.at = &server;
    for (const auto& d : server.block) {
        if (d.name() == "listen") {
            out.listens.push_back(listening_of(d));
        } else if (d.name() == "server_name") {
            out.names.insert(out.names.end(), d.words.begin() + 1, d.words.end());
        } else if (d.name() == "http2") {
            out.http2 = d.argument(1) == "on";
        }
    }
    if (out.listens.empty()) {
        out.listens.push_back({"*:80", 80, false, false, false, false, {}});
    }
    return out;
}

class surveyor {
public:
    surveyor(nginx_view& view, const std::vector<std::string>& ours)
        : view_(view)
        , ours_(ours)
    {
    }

    void survey()
    {
        for (const auto& http : view_.tree) {
            if (http.name() != "http") {
                continue;
            }
            for (const auto& d : http.block) {
                if (d.name() == "upstream") {
                    add_upstream(d);
                }
            }
            for (const auto& d : http.block) {
                if (d.name() == "server") {
                    view_.sites.push_back(site_of(d));
                    around_ = {&http, &d};
                    walk(d);
                }
            }
        }
    }

private:
    void add_upstream(const directive& d)
    {
        upstream u;
        u.at = &d;
        for (const auto& s : d.block) {
            if (s.name() == "server") {
                u.servers.push_back(s.argument(1));
            }
        }
        view_.upstreams.push_back(std::move(u));
    }

    bool is_ours(const std::string& address) const
    {
        return address.find("pollster") != std::string::npos ||
               std::ranges::find(ours_, address) != ours_.end();
    }

    // Into locations, and "if" and the like within them.
    void walk(const directive& block)
    {
        for (const auto& d : block.block) {
            if (d.name() == "fastcgi_pass") {
                add_handover(d);
            } else if (d.has_block) {
                around_.push_back(&d);
                walk(d);
                around_.pop_back();
            }
        }
    }

    void add_handover(const directive& pass)
    {
        const auto& name = pass.argument(1);
        const auto to = std::ranges::find_if(
            view_.upstreams, [&](const upstream& u) { return u.at->argument(1) == name; });
        const bool through_upstream = to != view_.upstreams.end();
        if (is_ours(name) || (through_upstream && std::ranges::any_of(to->servers, [&](auto& s) {
                                  return is_ours(s);
                              }))) {
            view_.handovers.push_back(
                {&view_.sites.back(), around_, &pass, through_upstream ? &*to : nullptr});
        }
    }

    nginx_view& view_;
    const std::vector<std::string>& ours_;
    std::vector<const directive*> around_;
};

} // namespace

bool site::has_name() const
{
    return std::ranges::any_of(names, [](const std::string& n) { return !n.empty() && n != "_"; });
}

bool site::has_name(const std::string& host) const
{
    return std::ranges::any_of(names, [&](const std::string& n) {
        if (n.starts_with("*.")) {
            return host.ends_with(n.substr(1));
        }
        if (n.starts_with('.')) {
            return host == n.substr(1) || host.ends_with(n);
        }
        return n.ends_with(".*") ? host.starts_with(n.substr(0, n.size() - 1)) : n == host;
    });
}

const directive* handover::in_force(const std::string& name) const
{
    for (auto block = around.rbegin(); block != around.rend(); ++block) {
        if (const auto* found = last_of((*block)->block, name)) {
            return found;
        }
    }
    return nullptr;
}

const directive* nginx_view::main(const std::string& name) const
{
    return last_of(tree, name);
}

const directive* nginx_view::events(const std::string& name) const
{
    const auto* block = main("events");
    return block == nullptr ? nullptr : last_of(block->block, name);
}

unsigned nginx_view::workers(unsigned cores) const
{
    const auto* d = main("worker_processes");
    if (d == nullptr) {
        return 1;
    }
    return d->argument(1) == "auto"
               ? cores
               : text::parse_number<unsigned>(d->argument(1), 1, 100'000).value_or(1);
}

const site* nginx_view::default_of(const std::string& address) const
{
    const site* first = nullptr;
    for (const auto& s : sites) {
        for (const auto& l : s.listens) {
            if (l.address != address) {
                continue;
            }
            if (l.is_default) {
                return &s;
            }
            first = first == nullptr ? &s : first;
        }
    }
    return first;
}

listening nginx_view::all_of(const std::string& address) const
{
    listening out;
    out.address = address;
    for (const auto& s : sites) {
        for (const auto& l : s.listens) {
            if (l.address == address) {
                out.port = l.port;
                out.reuseport |= l.reuseport;
                out.backlog = l.backlog ? l.backlog : out.backlog;
                out.ssl |= l.ssl;
                out.http2 |= l.http2 || s.http2;
            }
        }
    }
    return out;
}

std::vector<const site*> nginx_view::our_sites() const
{
    std::vector<const site*> out;
    for (const auto& h : handovers) {
        if (std::ranges::find(out, h.of) == out.end()) {
            out.push_back(h.of);
        }
    }
    return out;
}

nginx_view view_of(std::vector<directive> tree, const std::vector<std::string>& ours)
{
    nginx_view out;
    out.tree = std::move(tree);
    surveyor(out, ours).survey();
    return out;
}

std::optional<std::chrono::milliseconds> time_of(const std::string& text)
{
    using std::chrono::milliseconds;
    static constexpr std::pair<std::string_view, std::int64_t> units[] = {
        {"ms", 1},        {"s", 1000},       {"m", 60'000},
        {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}};
    std::int64_t sum = 0;
    std::string_view rest = text;
    if (rest.empty()) {
        return std::nullopt;
    }
    while (!rest.empty()) {
        if (rest.front() == ' ') {
            rest.remove_prefix(1);
            continue;
        }
        const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
        const auto number =
            text::parse_number<std::int64_t>(rest.substr(0, digits), 0, 1'000'000'000);
        if (!number) {
            return std::nullopt;
        }
        rest.remove_prefix(digits);
        const auto unit = rest.substr(0, rest.find_first_of("0123456789 "));
        rest.remove_prefix(unit.size());
        const auto* found =
            std::ranges::find(units, unit, &std::pair<std::string_view, std::int64_t>::first);
        if (!unit.empty() && found == std::end(units)) {
            return std::nullopt;
        }
        sum += *number * (unit.empty() ? 1000 : found->second);
    }
    return milliseconds(sum);
}

} // namespace pollster::doctor
