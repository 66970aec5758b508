// What is fuzzed. Each target takes any bytes and ends the process if something that must always
// hold does not; sanitizers look for the rest. entry.cpp gives one of them to libFuzzer,
// corpus_test.cpp runs all of them over the kept corpus in every build.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace fuzz {

void record_reader(std::string_view input);
void params(std::string_view input);
void demux(std::string_view input);
void form(std::string_view input);
void cookie(std::string_view input);
void poll_json(std::string_view input);
void json_object(std::string_view input);
void event_id(std::string_view input);
void nginx_config(std::string_view input);
void sent_events(std::string_view input);
void signed_token(std::string_view input);

struct target {
    std::string_view name; // also of its folder in tests/fuzz/corpus
    void (*run)(std::string_view input);
};

inline constexpr target targets[] = {
    {"record_reader", record_reader},
    {"params", params},
    {"demux", demux},
    {"form", form},
    {"cookie", cookie},
    {"poll_json", poll_json},
    {"json_object", json_object},
    {"event_id", event_id},
    {"nginx_config", nginx_config},
    {"sent_events", sent_events},
    {"signed_token", signed_token},
};

inline void must(bool holds, const char* what)
{
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", what);
        std::abort();
    }
}

// Where to cut an input into pieces, decided by its bytes: the same input is always cut the same.
class cuts {
public:
    explicit cuts(std::string_view input)
    {
        for (const char c : input) { // FNV-1a
            state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
        }
    }

    // Takes a piece of 1 to 32 bytes off the front, now and then one of up to 4096.
    std::string_view take(std::string_view& rest)
    {
        state_ ^= state_ << 13; // xorshift
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        const auto longest = state_ % 8 == 0 ? 4096U : 32U;
        const auto piece = rest.substr(0, 1 + (state_ >> 8) % longest);
        rest.remove_prefix(piece.size());
        return piece;
    }

private:
    std::uint64_t state_ = 0xcbf29ce484222325U;
};

} // namespace fuzz
