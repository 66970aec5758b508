// Passwords as crypt(3) of libxcrypt stores them: "$2b$10$…", "$6$…", "$y$…" (crypt(5)). Any
// thread; verify() and make() deliberately use one core for tens of milliseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace passwords {

// bcrypt reads no more of a password than this.
inline constexpr std::size_t longest_for_bcrypt = 72;

// How much work a stored hash needs: about the microseconds that it takes on a core of 2020. None:
// it must not be verified here, because it is not of a kind that counts as a password hash today
// (bcrypt, SHA-256 and SHA-512 crypt, yescrypt, gost-yescrypt, scrypt), is truncated, or needs more
// than most_work or 64 MiB: whoever wrote it must not occupy a thread for minutes.
std::optional<std::uint64_t> work_of(std::string_view hash);
inline constexpr std::uint64_t most_work = 1'500'000; // bcrypt 14, SHA-512 with 2.9 million rounds

// Verified in place of a missing hash: bcrypt of cost 10, for which no password is known.
extern const std::string usual_stand_in;

// Which hash to verify, so that the time does not tell whether a name exists: the stored one, or
// that of another user (`stand_in`), or usual_stand_in.
const std::string& to_run(const std::string& stored, const std::string& stand_in);

// Does the password match this hash? Does the work of to_run(stored, stand_in) in any case. False
// if it matches only because the function reads no further: beyond a NUL, or bcrypt's 72 bytes.
bool verify(const std::string& password, const std::string& stored, const std::string& stand_in);

// A new hash: bcrypt of cost 10, salt from the kernel. The caller has checked that the password has
// at most longest_for_bcrypt bytes and no NUL. Throws std::runtime_error if the kernel or libcrypt
// fails.
std::string make(const std::string& password);

} // namespace passwords
