// PostgreSQL is there and refuses: what is wrong, and what an operator does about it. Told by
// SQLSTATE (PostgreSQL's manual, appendix A), never by words, which come in the server's language.
// Internal to db/. Any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace db {

// What to do about an attempt to connect that was refused like this, as the beginning of a line;
// empty: it may work by waiting (the server starts, has no connection left, or cannot be reached).
std::string_view advice_on_connecting(std::string_view sqlstate);

// Why a server refuses a connection. libpq, and libpqxx with it, keeps only the words of a failed
// attempt, so this makes another one that asks for the code. Empty: no server answered in time, or
// it lets us in now. Blocks for `patience` at most, besides the lookup of a host's name.
std::string sqlstate_of_refusal(const std::string& conninfo, std::chrono::milliseconds patience);

// The code in an error message of libpq with PQERRORS_SQLSTATE ("FATAL:  3D000"): of several, as
// for several hosts, the last; empty: none.
std::string sqlstate_in(std::string_view message);

} // namespace db
