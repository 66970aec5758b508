// Session tokens, and what stands for them in statements. Any thread.
#pragma once

#include "db/answer.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace db {

// 256 bits from the kernel as 43 characters of base64url. Throws std::system_error if the kernel
// has none.
std::string new_token();

// What a token may be the secret of, in the form in which a client has it: of `12|secret` first
// what follows the bar (Laravel's Sanctum stores the hash of that, and finds its row by the id
// before it), then all of it, as of any other. The id, a number, UUID or ULID, is not looked at:
// whoever has the secret has the session. No text in it is empty, and only of an empty token
// nothing comes out: `12|` is no secret but its own.
std::vector<std::string> secrets_in(std::string_view token);

// What is stored in place of a token, in the form in which PostgreSQL reads a bytea: "\\x" and 64
// hex digits. So the database never sees a token.
std::string token_hash(std::string_view token);

// What tells pollster.access_of how it is known who reads, as a bytea: the hash of a session's
// token, or the word that migration signed_tokens_and_open_walls has for other readers. No token
// that an application has signed goes into it.
std::string proof_of(const reader& asker);
// The same of who writes; of those who may only read what proves nothing.
std::string proof_of_writer(const reader& author);

} // namespace db
