#include "passwords/hash.hpp"

#include "text/number.hpp"

#include <crypt.h>
#include <string.h> // explicit_bzero

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>

namespace passwords {

namespace {

using work = std::optional<std::uint64_t>;

constexpr std::string_view base64 =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

bool all_base64(std::string_view text)
{
    return text.find_first_not_of(base64) == std::string_view::npos;
}

// The part before the next '$'; `rest` is what follows. A text without '$' is all part.
std::string_view part(std::string_view& rest)
{
    const auto end = rest.find('$');
    const auto found = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return found;
}

work within_bounds(double microseconds)
{
    return microseconds <= static_cast<double>(most_work)
               ? work(static_cast<std::uint64_t>(microseconds))
               : std::nullopt;
}

// $2b$10$ and 22 characters of salt, 31 of hash.
work of_bcrypt(std::string_view rest)
{
    const auto cost = part(rest);
    const auto n = text::parse_number<unsigned>(cost, 4, 31);
    if (cost.size() != 2 || !n || rest.size() != 53 || !all_base64(rest)) {
        return std::nullopt;
    }
    return within_bounds(60.0 * static_cast<double>(std::uint64_t{1} << *n));
}

// $6$ or $6$rounds=N$, a salt of 16 characters at most, and the hash.
work of_sha_crypt(std::string_view rest, std::size_t hash_length)
{
    constexpr std::string_view option = "rounds=";
    std::uint64_t rounds = 5000;
    auto salt = part(rest);
    if (salt.starts_with(option)) {
        const auto digits = salt.substr(option.size());
        const auto given = text::parse_number<std::uint64_t>(digits, 1000, 999'999'999);
        if (!given || digits.front() == '0') {
            return std::nullopt;
        }
        rounds = *given;
        salt = part(rest);
    }
    if (salt.size() > 16 || rest.size() != hash_length || !all_base64(rest)) {
        return std::nullopt;
    }
    return within_bounds(0.5 * static_cast<double>(rounds));
}

// Memory-hard ones: N blocks of 128 r bytes are filled, then read in an order of the password's.
work of_blocks(unsigned log2_n, std::uint64_t r, std::uint64_t p)
{
    constexpr unsigned most_log2_n = 24;
    constexpr std::uint64_t most_bytes = std::uint64_t{64} << 20U;
    if (log2_n < 1 || log2_n > most_log2_n || r < 1 || r > 1024 || p < 1 || p > 16 ||
        ((128 * r) << log2_n) > most_bytes) {
        return std::nullopt;
    }
    return within_bounds(0.4 * static_cast<double>((r * p) << log2_n));
}

unsigned digit(char c)
{
    return static_cast<unsigned>(base64.find(c));
}

// $y$j9T$salt$hash: flavor, log2 N and r, a character each; with more parameters nobody has it.
work of_yescrypt(std::string_view rest)
{
    const auto parameters = part(rest);
    const auto salt = part(rest);
    if (parameters.size() != 3 || !all_base64(parameters) || parameters[0] != 'j' ||
        digit(parameters[1]) >= 48 || digit(parameters[2]) >= 48 || salt.empty() ||
        salt.size() > 86 || !all_base64(salt) || rest.size() != 43 || !all_base64(rest)) {
        return std::nullopt;
    }
    return of_blocks(digit(parameters[1]) + 1, digit(parameters[2]) + 1, 1);
}

// $7$, log2 N in one character, r and p in five each (low bits first), then salt$hash.
work of_scrypt(std::string_view rest)
{
    const auto head = part(rest);
    if (head.size() < 11 || !all_base64(head.substr(0, 11)) || rest.size() != 43 ||
        !all_base64(rest)) {
        return std::nullopt;
    }
    const auto number = [&](std::size_t at) {
        std::uint64_t n = 0;
        for (unsigned i = 0; i < 5; ++i) {
            n |= std::uint64_t{digit(head[at + i])} << (6 * i);
        }
        return n;
    };
    return of_blocks(digit(head[0]), number(1), number(6));
}

std::string crypt_of(const std::string& password, const std::string& setting)
{
    const auto data = std::make_unique<crypt_data>();
    const char* const made = crypt_r(password.c_str(), setting.c_str(), data.get());
    std::string out = made != nullptr ? made : "*";
    explicit_bzero(data.get(), sizeof *data);
    return out;
}

bool same(std::string_view a, std::string_view b)
{
    unsigned differ = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        differ |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^
                                        static_cast<unsigned char>(b[i]));
    }
    return differ == 0;
}

bool is_bcrypt(std::string_view hash)
{
    return hash.starts_with("$2");
}

} // namespace

const std::string usual_stand_in = "$2b$10$C.E5YPO9kmyuRGyh0XouQeYYjNEhL2TjkxSZlF0jAhWcQm0zS8Gkm";

work work_of(std::string_view hash)
{
    struct method {
        std::string_view prefix;
        work (*of)(std::string_view rest);
    };
    static constexpr std::array methods{
        method{"$2a$", of_bcrypt},
        method{"$2b$", of_bcrypt},
        method{"$2x$", of_bcrypt},
        method{"$2y$", of_bcrypt},
        method{"$5$", [](std::string_view rest) { return of_sha_crypt(rest, 43); }},
        method{"$6$", [](std::string_view rest) { return of_sha_crypt(rest, 86); }},
        method{"$y$", of_yescrypt},
        method{"$gy$", of_yescrypt},
        method{"$7$", of_scrypt},
    };
    // What libcrypt's files cannot hold (crypt(5)); a NUL would cut the hash.
    const auto foreign = [](char c) {
        return c <= 0x20 || c >= 0x7F ||
               std::string_view("!:;*\\").find(c) != std::string_view::npos;
    };
    if (hash.size() > 255 || std::any_of(hash.begin(), hash.end(), foreign)) {
        return std::nullopt;
    }
    for (const auto& m : methods) {
        if (hash.starts_with(m.prefix)) {
            return m.of(hash.substr(m.prefix.size()));
        }
    }
    return std::nullopt;
}

const std::string& to_run(const std::string& stored, const std::string& stand_in)
{
    if (work_of(stored)) {
        return stored;
    }
    return work_of(stand_in) ? stand_in : usual_stand_in;
}

bool verify(const std::string& password, const std::string& stored, const std::string& stand_in)
{
    const std::string& hash = to_run(stored, stand_in);
    const bool whole = password.find('\0') == std::string::npos &&
                       !(is_bcrypt(hash) && password.size() > longest_for_bcrypt);
    // Libcrypt itself refuses more than CRYPT_MAX_PASSPHRASE_SIZE.
    const std::string made = crypt_of(password.substr(0, 500), hash);
    if (made.starts_with('*')) { // it does not know this hash after all, and has done nothing
        crypt_of("x", usual_stand_in);
    }
    return same(made, hash) && whole && password.size() <= 500 && &hash == &stored;
}

std::string make(const std::string& password)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    if (crypt_gensalt_rn("$2b$", 10, nullptr, 0, setting, sizeof setting) == nullptr) {
        throw std::runtime_error("libcrypt makes no bcrypt salt");
    }
    std::string made = crypt_of(password, setting);
    if (!work_of(made)) {
        throw std::runtime_error("libcrypt makes no bcrypt hash");
    }
    return made;
}

} // namespace passwords
