// Pairs lie inside the input, and survive being written and read again.
#include "fcgi_app/fastcgi/params.hpp"
#include "tests/fuzz/targets.hpp"

namespace fuzz {

namespace {

bool inside(std::string_view part, std::string_view whole)
{
    return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

} // namespace

void params(std::string_view input)
{
    std::vector<fastcgi::name_value> pairs;
    auto rest = input;
    while (const auto pair = fastcgi::take_param(rest)) {
        must(inside(pair->first, input) && inside(pair->second, input), "views into the input");
        pairs.push_back(*pair);
    }
    const auto decoded = fastcgi::decode_params(input);
    must(decoded.has_value() == rest.empty(), "malformed if something is left over");
    must(!decoded || *decoded == pairs, "all at once and one by one");

    std::string written;
    for (const auto& [name, value] : pairs) {
        fastcgi::append_param(written, name, value);
    }
    must(written.size() <= input.size() - rest.size(), "the shortest form is written");
    must(fastcgi::decode_params(written) == pairs, "written and read again");
}

} // namespace fuzz
