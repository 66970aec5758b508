#include "walls/news.hpp"

#include <algorithm>

namespace walls {

void news::entries(const head& h, const recent_entries::slice& recent)
{
    json_.begin(text_, h.wall);
    text_ += recent.json;
    news_json::end(text_, h, recent.more);
    reached_.push_back({h.wall, recent.last, h.epoch});
    committed_ = std::min(committed_, recent.committed);
}

void news::reset(const head& h)
{
    json_.reset(text_, h);
    reached_.push_back({h.wall, h.newest, h.epoch});
}

} // namespace walls
