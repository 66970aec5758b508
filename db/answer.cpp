#include "db/answer.hpp"

#include <stdexcept>

namespace db {
namespace {

std::string text_of(denied why)
{
    switch (why) {
    case denied::signed_out:
        return "denied: signed out";
    case denied::no_member:
        return "denied: no member";
    case denied::no_author:
        return "denied: not the author";
    case denied::no_post:
        return "denied: no such post";
    case denied::key_in_use:
        return "denied: client_key in use";
    case denied::unacceptable:
        break;
    }
    return "denied: unacceptable";
}

} // namespace

void throw_exception_from_error(const failure& f, const boost::source_location&)
{
    throw std::runtime_error(f.why.empty() && f.no ? text_of(*f.no) : f.why);
}

} // namespace db
