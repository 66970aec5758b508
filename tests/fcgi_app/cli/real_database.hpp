// Types a command into the program without a process, as shell.hpp does, with a real database.
#pragma once

#include "db/migrate.hpp"
#include "tests/fcgi_app/cli/shell.hpp"

namespace pollster::cli::testing {

inline typed type_to_database(const std::vector<std::string>& words, const std::string& input = {})
{
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const context with{in,
                       out,
                       err,
                       false,
                       {{"POLLSTER_CONFIG", "/dev/null"}},
                       db::administrator::connect,
                       db::migrate,
                       {},
                       {}};
    typed t;
    t.code = cli::main(with, words);
    t.out = out.str();
    t.err = err.str();
    return t;
}

} // namespace pollster::cli::testing
