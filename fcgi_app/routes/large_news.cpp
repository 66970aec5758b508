#include "fcgi_app/routes/large_news.hpp"

#include <utility>

namespace routes {

void large_news::entries(const walls::head& h, walls::page_ptr page)
{
    walls_json_.begin(end_, h.wall);
    const bool more = page->more;
    walls_.push_back({std::exchange(end_, {}), std::move(page)});
    news_json::end(end_, h, more);
}

void large_news::reset(const walls::head& h)
{
    walls_json_.reset(end_, h);
}

void large_news::finish(std::string_view cors_lines)
{
    end_ += more_ ? news_json::finish_with_more : news_json::finish;
    std::size_t body = end_.size();
    for (const auto& w : walls_) {
        body += w.before.size() + w.page->json.size();
    }
    append_head(head_, cors_lines, body);
    bytes_ = head_.size() + body;
}

std::vector<std::string_view> large_news::parts() const
{
    std::vector<std::string_view> all;
    all.reserve(1 + 2 * walls_.size());
    for (const auto& w : walls_) {
        all.push_back(w.before);
        all.push_back(w.page->json);
    }
    all.push_back(end_);
    return all;
}

} // namespace routes
