#include "fcgi_app/cli/account.hpp"
#include "fcgi_app/cli/command.hpp"
#include "fcgi_app/config/load.hpp"
#include "fcgi_app/serve.hpp"

#include <unistd.h>

#include <exception>
#include <iostream>

namespace {

std::optional<std::string> become(const pollster::config& settings, pollster::cli::acts_as who)
{
    const auto wanted = pollster::cli::has_to_become(settings, who);
    return wanted ? pollster::cli::become(*wanted) : std::nullopt;
}

} // namespace

int main(int argc, char** argv)
{
    try {
        const pollster::cli::context process{std::cin,
                                             std::cout,
                                             std::cerr,
                                             isatty(STDIN_FILENO) != 0,
                                             pollster::process_environment(),
                                             db::administrator::connect,
                                             db::migrate,
                                             pollster::serve,
                                             become};
        return pollster::cli::main(process, {argv + (argc > 0 ? 1 : 0), argv + argc});
    } catch (const std::exception& e) {
        return pollster::cli::complain(std::cerr, e.what());
    }
}
