#include "walls/large_news.hpp"

#include <utility>

namespace walls {

void large_news::entries(const head& h, page_ptr page)
{
    json_.begin(end_, h.wall);
    const bool more = page->more;
    reached_.push_back({h.wall, page->last, h.epoch});
    walls_.push_back({std::exchange(end_, {}), std::move(page)});
    news_json::end(end_, h, more);
}

void large_news::reset(const head& h)
{
    json_.reset(end_, h);
    reached_.push_back({h.wall, h.newest, h.epoch});
}

void large_news::finish()
{
    end_ += more_ ? news_json::finish_with_more : news_json::finish;
    bytes_ = end_.size();
    for (const auto& w : walls_) {
        bytes_ += w.before.size() + w.page->json.size();
    }
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

} // namespace walls
