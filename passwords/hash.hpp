// Passwords as crypt(3) of libxcrypt stores them: "$2b$10$…", "$6$…", "$y$…" (crypt(5)). Any
// thread; verify() and make() use one core for tens of milliseconds, on purpose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace passwords {

// bcrypt reads no more of a password than this.
inline constexpr std::size_t longest_for_bcrypt = 72;

// How much work a stored hash asks for: about the microseconds that it takes on a core of 2020.
// None: it is not to be verified here, because it is of no kind that counts as a password's hash
// today (bcrypt, SHA-256 and SHA-512 crypt, yescrypt, gost-yescrypt, scrypt), is cut, or asks for
// more than most_work or 64 MiB: whoever wrote it must not occupy a thread for minutes.
std::optional<std::uint64_t> work_of(std::string_view hash);
inline constexpr std::uint64_t most_work = 1'500'000; // bcrypt 14, SHA-512 with 2.9 million rounds

// Verified in place of a hash that is not there: bcrypt of cost 10, which no password is known for.
extern const std::string usual_stand_in;

// What the hash is to be compared with, so that nobody learns from the time whether a name exists:
// the stored one, else that of somebody else (`stand_in`), else usual_stand_in.
const std::string& to_run(const std::string& stored, const std::string& stand_in);

// Does the password fit this hash? Does the work of to_run(stored, stand_in) in any case. False
// for what only fits because the function reads no further: a NUL, and bcrypt's 72 bytes.
bool verify(const std::string& password, const std::string& stored, const std::string& stand_in);

// A new hash: bcrypt of cost 10, salt from the kernel. At most longest_for_bcrypt bytes without NUL
// (the caller's to check). Throws std::runtime_error if the kernel or libcrypt has none.
std::string make(const std::string& password);

} // namespace passwords
