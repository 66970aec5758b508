// What `nginx -T` prints, or anything that claims to be that.
#include "fcgi_app/cli/doctor/nginx_checks.hpp"
#include "tests/fuzz/targets.hpp"

namespace fuzz {

namespace {

void holds_for(const std::vector<pollster::doctor::directive>& block)
{
    for (const auto& d : block) {
        must(!d.words.empty() && d.line > 0, "a directive has a name and a place");
        must(d.has_block || d.block.empty(), "only a block has directives in it");
        holds_for(d.block);
    }
}

} // namespace

void nginx_config(std::string_view input)
{
    namespace doctor = pollster::doctor;
    auto parsed = doctor::parse_nginx(input);
    if (auto* tree = std::get_if<std::vector<doctor::directive>>(&parsed)) {
        holds_for(*tree);
        const auto view = doctor::view_of(std::move(*tree), {"unix:/a"});
        for (const auto& f : doctor::check_nginx(view, {})) {
            must(!f.code.empty() && !f.todo.empty(), "a finding says what to do");
        }
    }
}

} // namespace fuzz
