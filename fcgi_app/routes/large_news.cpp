#include "fcgi_app/routes/large_news.hpp"

#include <utility>

namespace routes {

void large_news::begin(walls::wall_id wall)
{
    end_ += any_ ? ",\"" : "\"";
    any_ = true;
    end_ += std::to_string(walls::number(wall));
    end_ += R"(":{"posts":[)";
}

void large_news::entries(const walls::head& h, walls::page_ptr page)
{
    begin(h.wall);
    const bool more = page->more;
    walls_.push_back({std::exchange(end_, {}), std::move(page)});
    end_ = more ? R"(],"more":true,"epoch":)" : R"(],"epoch":)";
    end_ += std::to_string(walls::number(h.epoch)) + "}";
}

void large_news::reset(const walls::head& h)
{
    begin(h.wall);
    end_ += R"(],"reset":true,"newest":)" + std::to_string(walls::number(h.newest));
    end_ += R"(,"epoch":)";
    end_ += h.newest == walls::entry_id{0} ? "null" : std::to_string(walls::number(h.epoch));
    end_ += '}';
}

void large_news::finish(std::string_view cors_lines)
{
    end_ += more_ ? R"(},"more":true})" : "}}";
    std::size_t body = end_.size();
    for (const auto& w : walls_) {
        body += w.before.size() + w.page->json.size();
    }
    head_ = cors_lines;
    head_ += "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: "
             "no-store\r\nContent-Length: " +
             std::to_string(body) + "\r\n\r\n";
    bytes_ = head_.size() + body;
}

std::vector<std::string_view> large_news::parts() const
{
    std::vector<std::string_view> all{head_};
    all.reserve(2 + 2 * walls_.size());
    for (const auto& w : walls_) {
        all.push_back(w.before);
        all.push_back(w.page->json);
    }
    all.push_back(end_);
    return all;
}

} // namespace routes
