#include "fcgi_app/serve.hpp"

#include "db/migrate.hpp"
#include "fcgi_app/app.hpp"
#include "fcgi_app/descriptors.hpp"
#include "fcgi_app/log/log.hpp"
#include "fcgi_app/signals.hpp"

#include <spdlog/spdlog.h>

#include <unistd.h>

#include <cstdio>
#include <optional>
#include <utility>

namespace pollster {

int serve(const loaded& given, const std::function<loaded()>& read_again)
{
    hold_reloads();
    const config& settings = given.settings;
    if (const auto wrong = start_log(settings.log)) {
        std::fprintf(stderr, "pollster: cannot write to log_file: %s\n", wrong->c_str());
        return 1;
    }
    auto tokens = signed_tokens::rules_of(settings.tokens);
    if (!tokens) {
        std::fprintf(stderr, "pollster: %s\n", tokens.error().why.c_str());
        return 1;
    }
    if (const auto open = signed_tokens::exposed(*tokens)) {
        spdlog::warn("token_keys: {}. To do: {}", open->what, open->todo);
    }
    raise_descriptor_limit(settings.fastcgi.max_connections);
    auto sockets = open_listening_sockets(
        settings.listen,
        std::get<fastcgi::listen_address>(fastcgi::parse_listen(config::default_listen)));
    if (!sockets) {
        std::fprintf(stderr, "pollster: %s\n", sockets.error().sentence.c_str());
        return 1;
    }
    for (const auto& warning : sockets->warnings) {
        spdlog::warn("{}", warning);
    }
    const auto schema = db::check_schema(settings.database);
    const auto at_start = schema ? std::nullopt : std::optional(schema.error());
    if (at_start && at_start->kind == walls::db_error_kind::newer_schema) {
        std::fprintf(stderr, "pollster: %s\n", at_start->why.c_str());
        return 1;
    }
    const int signals = block_signals();
    const int status =
        run_app({given, read_again, std::move(*tokens)}, *sockets, signals, at_start);
    close(signals);
    spdlog::shutdown();
    return status;
}

} // namespace pollster
