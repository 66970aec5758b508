#include "db/token.hpp"

#include "passwords/sha256.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace db {

namespace {

std::string random_characters()
{
    std::array<unsigned char, 33>
        bytes{}; // 32 random ones, and a zero to fill the last group of three
    if (::getrandom(bytes.data(), 32, 0) != 32) {
        throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    static constexpr char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const unsigned group = bytes[i] * 65536U + bytes[i + 1] * 256U + bytes[i + 2];
        out += alphabet[group >> 18U];
        out += alphabet[(group >> 12U) & 63U];
        out += alphabet[(group >> 6U) & 63U];
        out += alphabet[group & 63U];
    }
    out.pop_back(); // 32 bytes are 43 characters
    return out;
}

constexpr std::size_t longest_id = 36; // of a UUID

bool is_id_character(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

} // namespace

std::vector<std::string> secrets_in(std::string_view token)
{
    std::vector<std::string> out;
    const auto id = token.substr(0, token.find('|'));
    if (id.size() + 1 < token.size() && !id.empty() && id.size() <= longest_id &&
        std::ranges::all_of(id, is_id_character)) {
        out.emplace_back(token.substr(id.size() + 1));
    }
    if (!token.empty()) {
        out.emplace_back(token);
    }
    return out;
}

std::string new_token()
{
    for (;;) {
        std::string token = random_characters();
        if (token.front() != '-') { // or it looks like an option to `pollster session revoke`
            return token;
        }
    }
}

std::string token_hash(std::string_view token)
{
    return "\\x" + passwords::sha256_hex(token);
}

std::string proof_of(const reader& asker)
{
    switch (asker.by) {
    case walls::grounds::signed_user:
        return "user";
    case walls::grounds::signed_walls:
        return "walls";
    case walls::grounds::open_walls:
        return "open";
    case walls::grounds::session:
        break;
    }
    return token_hash(asker.session_id);
}

std::string proof_of_writer(const reader& author)
{
    const bool only_reads =
        author.by == walls::grounds::signed_walls || author.by == walls::grounds::open_walls;
    return only_reads ? "" : proof_of(author);
}

} // namespace db
