#include "fcgi_app/cli/doctor/database.hpp"

#include "fcgi_app/cli/account.hpp"

#include <system_error>

namespace pollster::doctor {

namespace {

const std::string setup = "`pollster setup` makes what is missing";

void check_replica(const cli::context& with, const config& settings, std::vector<finding>& found)
{
    if (settings.database.database_read.empty()) {
        return;
    }
    auto replica = cli::as_server(settings);
    replica.database = settings.database.database_read;
    if (const auto connected = with.connect(replica); !connected) {
        found.push_back({"replica", "database_read: " + connected.error().sentence,
                         "until it can be asked, the primary answers reads"});
    }
}

void ask(const cli::context& with, const config& settings, bool advise, std::vector<finding>& found)
{
    auto connected = with.connect(cli::as_server(settings));
    if (!connected) {
        found.push_back({"database", "database: " + connected.error().sentence, setup});
        return;
    }
    const auto checked = (*connected)->check();
    if (!checked) {
        found.push_back({"database", "database: " + checked.error().sentence, setup});
        return;
    }
    for (const auto& sentence : *checked) {
        found.push_back(
            {"contract", "database: " + sentence, "docs/DATABASE.md says what is needed"});
    }
    check_replica(with, settings, found);
    if (!advise) {
        return;
    }
    const auto per_purpose = settings.database.connections;
    const auto connections = 2 * per_purpose + (per_purpose == 1 ? 5 : 7); // db/settings.hpp
    const auto advices = (*connected)->advise(connections);
    if (!advices) {
        found.push_back({"database", "database: " + advices.error().sentence, setup});
        return;
    }
    for (const auto& a : *advices) {
        found.push_back({a.code, "database: " + a.what, a.todo});
    }
}

std::vector<finding> asked_as_unit(const cli::context& with, const config& settings, bool advise)
{
    std::vector<finding> found;
    if (const auto impossible =
            acting(settings, cli::acts_as::server, [&] { ask(with, settings, advise, found); })) {
        found.push_back(*impossible);
    }
    return found;
}

} // namespace

std::vector<finding> check_database(const cli::context& with, const config& settings)
{
    return asked_as_unit(with, settings, false);
}

std::vector<finding> examine_database(const cli::context& with, const config& settings)
{
    return asked_as_unit(with, settings, true);
}

std::optional<finding> acting(const config& settings, cli::acts_as who,
                              const std::function<void()>& use)
{
    const auto wanted = cli::has_to_become(settings, who);
    if (!wanted) {
        use();
        return std::nullopt;
    }
    const auto account = cli::account_named(wanted->name);
    if (!account) {
        return finding{"account", cli::no_account(wanted->name, wanted->option),
                       "then `pollster setup`"};
    }
    const cli::acting_as as(*account);
    use();
    return std::nullopt;
}

} // namespace pollster::doctor
