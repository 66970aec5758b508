// Reads a new password without leaving it in the shell's history or the process list.
#pragma once

#include "fcgi_app/cli/command.hpp"

#include <boost/system/result.hpp>

#include <istream>
#include <string>

namespace pollster::cli {

struct no_password {
    std::string sentence;
};
[[noreturn]] void throw_exception_from_error(const no_password& n, const boost::source_location&);

using password_result = boost::system::result<std::string, no_password>;

// At a terminal asks twice, without echo. Otherwise, or if `from_stdin`, takes the first line of
// with.in.
password_result read_password(const context& with, const std::string& user, bool from_stdin);

// The first line of `in` without its end.
password_result password_line(std::istream& in);

} // namespace pollster::cli
