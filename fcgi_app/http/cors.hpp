// Cross-origin grants (Fetch Standard, section 3.2): which origins may read our answers. One thread
// at a time.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace http {

class cors {
public:
    // Exact origins ("https://shop.example"), or a single "*": everybody, but without credentials.
    explicit cors(const std::vector<std::string>& origins);

    // From now on other origins. Lines that were handed out stay as they were.
    void change(const std::vector<std::string>& origins);

    // Complete header lines for an answer to a request with this Origin header (empty: none).
    // They live as long as this object, so a parked poll keeps a view of them.
    std::string_view lines_for(std::string_view origin) const;
    // Is this one of the exact origins?
    bool names(std::string_view origin) const { return granted_.find(origin) != granted_.end(); }

private:
    std::string_view keep(std::string lines);

    std::set<std::string> lines_; // all that were ever handed out: as many as there were origins
    std::map<std::string, std::string_view, std::less<>> granted_; // origin -> lines
    std::string_view others_;
};

} // namespace http
